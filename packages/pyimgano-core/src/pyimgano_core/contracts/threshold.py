"""A threshold, where it came from, and what is certain of it: one block for reports and deployed configs."""

from __future__ import annotations

from typing import Literal

from attrs import define, field
from attrs.validators import ge

from pyimgano_core.contracts.metric import ObservedRate

CalibrationSource = Literal["val", "train_holdout", "predictions", "site", "config", "none"]
ScoreSource = Literal["image_score", "map_maximum", "region_maximum"]


@define(frozen=True, kw_only=True)
class ScoreSummary:
    """The distribution of the calibration scores."""

    count: int
    min: float
    max: float
    mean: float
    std: float
    quantiles: dict[str, float] = field(factory=dict)


@define(frozen=True, kw_only=True)
class FallbackStep:
    """A method that was asked for and could not be followed, and what it would need.

    `needed` and `available` count calibration normals, except for `too_few_exceedances`, where they count
    scores in the tail. `message` says all of it in words.
    """

    method: str
    reason: Literal["too_few_normals", "too_few_exceedances", "no_spread"]
    message: str
    needed: int | None = None
    available: int | None = None


@define(frozen=True, kw_only=True)
class Certificate:
    """Which false-positive rate is certain, for images like the calibration normals.

    `target` is the rate that was asked for, with `target_confidence` where one was. `level` is the rate that
    is certified, None for none. Without `confidence` it holds on average over calibration sets; with it, the
    deployed threshold itself keeps the level with that probability. `reason` says why there is no level, or
    why it misses the target: `method_assumes_a_distribution`, `fixed_by_config`, `fitted_images`,
    `grouped_images`, `duplicate_images`, `unknown_images` (whether they were fitted is not known),
    `too_few_normals`, `no_calibration_images`.
    """

    target: float | None = None
    level: float | None = None
    confidence: float | None = None
    reason: str | None = None
    target_confidence: float | None = None


@define(frozen=True, kw_only=True)
class ThresholdProvenance:
    """How a threshold was set, on which images, through which model, and how it did.

    `method` is the one that was followed and `requested` the one that the config names; `fallbacks` say why
    they differ. `parameters` are the method's own: what the config gave and what was estimated.
    `rank` is the 1-based rank, from below, of the calibration score that the threshold lies just above; no
    two scores are interpolated. `dtype` is that of the scores.

    `source` says which images gave the scores; `fallback` says why it is not the usual source. `reason` says
    why there is no threshold. `score_source` is `image_score`, or for the pixel threshold `map_maximum` (the
    largest value of each normal image's anomaly map) or, with a minimum area, `region_maximum` (the highest
    level at which a region of that area is flagged); `score_resolution` is where it is measured: at the
    model's input size or at the image's own. `score_reduction` says how the detector gets a score from its
    map.

    `disjoint_from_train` and `disjoint_from_test` tell of contents: a copy of a fitted image is a fitted
    image; None where that is not known. `calibration_distinct_count` counts contents, where they are known.
    `calibration_sha256` identifies the calibration images by content and `split_sha256` the whole
    split. `calibration_rate` and `test_rate` are the false-positive rates that the threshold has on the
    calibration and on the test normals. `versions` are those of the packages that made the scores.
    """

    method: str
    comparison: Literal[">="] = ">="
    score_source: ScoreSource = "image_score"
    quantile: float | None = None
    rank: int | None = None
    source: CalibrationSource = "none"
    fallback: str | None = None
    reason: str | None = None
    calibration_count: int = 0
    calibration_groups: int | None = None
    disjoint_from_train: bool | None = True
    disjoint_from_test: bool | None = True
    calibration_false_positives: int | None = None
    score_summary: ScoreSummary | None = None
    warnings: tuple[str, ...] = ()
    requested: str | None = None
    parameters: dict[str, float] = field(factory=dict)
    fallbacks: tuple[FallbackStep, ...] = ()
    certificate: Certificate | None = None
    dtype: str | None = None
    interpolation: Literal["none"] | None = None
    calibration_anomaly_count: int = 0
    calibration_distinct_count: int | None = None
    calibration_sha256: str | None = None
    split_sha256: str | None = None
    score_resolution: Literal["model_input", "image"] | None = None
    score_reduction: str | None = None
    calibration_rate: ObservedRate | None = None
    test_rate: ObservedRate | None = None
    checkpoint_sha256: str | None = None
    seed: int | None = None
    versions: dict[str, str] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Threshold:
    """A score at or above `value` is anomalous; without a value there is no verdict.

    `minimum_area` belongs to a pixel threshold: 8-connected regions of fewer image pixels do not count.
    """

    value: float | None = None
    provenance: ThresholdProvenance
    minimum_area: int = field(default=1, validator=ge(1), metadata={"omit_default": True})
