"""Scores of calibration normals to a threshold, with its provenance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve

from pyimgano_core.contracts.threshold import CalibrationSource, Certificate, Threshold, ThresholdProvenance
from pyimgano_core.metrics import as_scores
from pyimgano_core.thresholds._decisions import false_positive_rate, summarize
from pyimgano_core.thresholds._follow import asked_of, certify, follow

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pyimgano_core.contracts.config import CalibrationRule
    from pyimgano_core.contracts.threshold import ScoreSource
    from pyimgano_core.thresholds._found import Found, Scores


@define(frozen=True, kw_only=True)
class CalibrationOrigin:
    """What is known of the images that are calibrated on.

    Attributes:
        source: where they come from.
        fallback: why it is not the usual source.
        groups: how many groups they form, one without a group counting as its own; None where no image has
            one.
        distinct: how many different images they are, copies counting once; None where that is not known.
        disjoint_from_train: whether no fitted image is among them; None where that is not known.
        disjoint_from_test: whether no test image is among them; None where that is not known.
    """

    source: CalibrationSource
    fallback: str | None = None
    groups: int | None = None
    distinct: int | None = None
    disjoint_from_train: bool | None = True
    disjoint_from_test: bool | None = True


def calibrate(
    scores: ArrayLike,
    rule: CalibrationRule,
    origin: CalibrationOrigin,
    *,
    score_source: ScoreSource = "image_score",
    value: float | None = None,
    minimum_area: int = 1,
    level: float = 0.95,
) -> Threshold:
    """Return the threshold for `scores`, and all that is known of it.

    Args:
        scores: (N,) scores of normal images that are neither fitted nor tested; N may be 0. float64 stays so.
        rule: the method and its parameters.
        origin: what is known of the images.
        score_source: what the scores are.
        value: the threshold of a `fixed` rule. For image scores the rule's own is the default; for maps there
            is none, and without it no threshold.
        minimum_area: of the regions of a pixel threshold, in pixels of the image.
        level: what the interval of the rate on `scores` covers.

    Raises:
        ValueError: a score is NaN or infinite, or they are not one-dimensional.
    """
    values = np.sort(_one_per_image(scores))  # so that no figure depends on the order, not in its last bit
    provenance = _known(values, rule, origin, score_source)
    if rule.method == "fixed":
        fixed = rule.value if value is None and score_source == "image_score" else value
        found, provenance = fixed, _fixed(fixed, provenance)
    else:
        found, provenance = _estimated(values, rule, provenance)
    if found is not None and not math.isfinite(found):
        found, provenance = None, evolve(provenance, reason="scores_too_large", certificate=None)
    if found is not None:
        rate = false_positive_rate(values, found, level, independent=_is_independent(provenance))
        provenance = evolve(provenance, calibration_false_positives=rate.count, calibration_rate=rate)
    return Threshold(value=found, provenance=provenance, minimum_area=minimum_area)


def _one_per_image(scores: ArrayLike) -> Scores:
    values = as_scores(scores)
    if values.ndim != 1:
        raise ValueError(f"calibration scores are one per image (N,), not {values.shape}")
    return values


def _known(
    values: Scores, rule: CalibrationRule, origin: CalibrationOrigin, score_source: ScoreSource
) -> ThresholdProvenance:
    """Return what is known before there is a threshold."""
    return ThresholdProvenance(
        method=rule.method,
        requested=rule.method,
        score_source=score_source,
        score_resolution="model_input" if score_source == "image_score" else "image",
        source=origin.source,
        fallback=origin.fallback,
        calibration_count=len(values),
        calibration_groups=origin.groups,
        disjoint_from_train=origin.disjoint_from_train,
        disjoint_from_test=origin.disjoint_from_test,
        calibration_distinct_count=origin.distinct,
        score_summary=summarize(values),
        dtype=str(values.dtype),
    )


def _fixed(value: float | None, provenance: ThresholdProvenance) -> ThresholdProvenance:
    return evolve(
        provenance,
        source="config",
        reason="no_fixed_pixel_value" if value is None else None,
        certificate=Certificate(reason="fixed_by_config"),
    )


def _estimated(
    values: Scores, rule: CalibrationRule, provenance: ThresholdProvenance
) -> tuple[float | None, ThresholdProvenance]:
    obstacle = _obstacle(provenance)
    refused = evolve(asked_of(rule), reason=obstacle)
    if not len(values):
        return None, evolve(provenance, reason=obstacle, certificate=refused)
    found, fallbacks = follow(values, rule)
    certificate = certify(rule, found, len(values)) if obstacle is None else refused
    return found.value, evolve(_told(found, provenance), fallbacks=fallbacks, certificate=certificate)


def _told(found: Found, provenance: ThresholdProvenance) -> ThresholdProvenance:
    return evolve(
        provenance,
        method=found.method,
        quantile=found.parameters.get("quantile"),
        rank=found.rank,
        interpolation=None if found.rank is None else "none",
        parameters=found.parameters,
        warnings=found.warnings,
    )


def _obstacle(provenance: ThresholdProvenance) -> str | None:
    """Return why nothing can be certain of these images, whatever the method."""
    if not provenance.calibration_count:
        return "no_calibration_images"
    if provenance.disjoint_from_train is None:
        return "unknown_images"
    if not provenance.disjoint_from_train:
        return "fitted_images"
    if provenance.fallback == "single_group":  # its other images were fitted
        return "grouped_images"
    if _is_independent(provenance):
        return None
    groups = provenance.calibration_groups
    is_grouped = groups is not None and groups < provenance.calibration_count
    return "grouped_images" if is_grouped else "duplicate_images"


def _is_independent(provenance: ThresholdProvenance) -> bool:
    """Return whether each image tells something of its own: none has a copy or another view among them."""
    units = (provenance.calibration_groups, provenance.calibration_distinct_count)
    return all(count is None or count >= provenance.calibration_count for count in units)
