"""Calibration scores of normal images to a threshold that says where it came from.

The quantile method takes an order statistic: the score of rank `ceil(q n)`. Decisions are
`score >= threshold`, so the threshold is the next float32 above that score; else the calibration image itself
would be flagged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.threshold import (
    CalibrationSource,
    ScoreSummary,
    Threshold,
    ThresholdProvenance,
)
from pyimgano_core.splits import needed_normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import ThresholdConfig

_SUMMARY_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def calibrate(
    scores: NDArray[np.float32],
    config: ThresholdConfig,
    *,
    source: CalibrationSource,
    fallback: str | None = None,
    groups: int | None = None,
    score_source: Literal["image_score", "map_maximum"] = "image_score",
) -> Threshold:
    """Return the threshold for `scores`.

    Args:
        scores: (N,) scores of normal images that are neither fitted nor tested; N may be 0.
        config: method and its parameters.
        source: where the images come from.
        fallback: why it is not the usual source.
        groups: how many groups the images form, where they have groups.
        score_source: what the scores are.

    Raises:
        ValueError: where a score is NaN or infinite.
    """
    if not np.isfinite(scores).all():
        raise ValueError("calibration scores must be finite")
    provenance = ThresholdProvenance(
        method=config.method,
        score_source=score_source,
        source=source,
        fallback=fallback,
        calibration_count=len(scores),
        calibration_groups=groups,
        score_summary=summarize(scores),
    )
    if config.method == "fixed":
        return _fixed(scores, config, provenance)
    if len(scores) == 0:
        return Threshold(
            provenance=evolve(provenance, reason="no_calibration_images", quantile=config.quantile)
        )
    return _quantile(scores, config.quantile, provenance)


def _fixed(
    scores: NDArray[np.float32], config: ThresholdConfig, provenance: ThresholdProvenance
) -> Threshold:
    is_image = provenance.score_source == "image_score"
    value = config.value if is_image else config.pixel_value
    provenance = evolve(
        provenance, source="config", reason=None if value is not None else "no_fixed_pixel_value"
    )
    return _counted(value, scores, provenance)


def _quantile(scores: NDArray[np.float32], quantile: float, provenance: ThresholdProvenance) -> Threshold:
    count = len(scores)
    rank = max(1, math.ceil(quantile * count - 1e-9))
    chosen = np.sort(scores.astype(np.float32))[rank - 1]
    value = float(np.nextafter(chosen, np.float32(np.inf)))
    provenance = evolve(provenance, quantile=quantile, rank=rank, warnings=quantile_warnings(count, quantile))
    return _counted(value, scores, provenance)


def _counted(value: float | None, scores: NDArray[np.float32], provenance: ThresholdProvenance) -> Threshold:
    if value is None:
        return Threshold(provenance=provenance)
    flagged = int(np.count_nonzero(scores >= np.float64(value)))
    return Threshold(value=value, provenance=evolve(provenance, calibration_false_positives=flagged))


def quantile_warnings(count: int, quantile: float) -> tuple[str, ...]:
    """Say in words where `count` normals are too few for `quantile`."""
    needed = needed_normals(quantile)
    if count >= needed:
        return ()
    need = f"the {quantile:g} quantile needs {needed} calibration normals and has {count}"
    return (f"{need}: the threshold is their maximum",)


def summarize(scores: NDArray[np.float32]) -> ScoreSummary | None:
    """Return the distribution of (N,) scores, or None for none."""
    if len(scores) == 0:
        return None
    wide = np.asarray(scores, dtype=np.float64)
    return ScoreSummary(
        count=len(wide),
        min=float(wide.min()),
        max=float(wide.max()),
        mean=float(wide.mean()),
        std=float(wide.std()),
        quantiles={name: float(np.quantile(wide, q)) for name, q in _SUMMARY_QUANTILES.items()},
    )


def verdict(score: float | None, threshold: float | None) -> Literal["normal", "anomalous"] | None:
    """Return the label of a score: anomalous at or above the threshold, None without either."""
    if score is None or threshold is None:
        return None
    return "anomalous" if float(score) >= threshold else "normal"  # a float32 would round the threshold
