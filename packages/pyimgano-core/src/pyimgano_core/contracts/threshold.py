"""A threshold and where it came from."""

from __future__ import annotations

from typing import Literal

from attrs import define, field

CalibrationSource = Literal["val", "train_holdout", "config", "none"]


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
class ThresholdProvenance:
    """How a threshold was set.

    `rank` is the 1-based rank, from below, of the calibration score that the threshold lies just above.
    `source` says which images gave the scores; `fallback` says why it is not the usual source. `reason` says
    why there is no threshold. `score_source` is `image_score`, or `map_maximum` for the pixel threshold (the
    largest value of each normal image's anomaly map, at the image's own resolution). `disjoint_from_train`
    and `disjoint_from_test` tell of contents: a copy of a fitted image is a fitted image.
    """

    method: str
    comparison: Literal[">="] = ">="
    score_source: Literal["image_score", "map_maximum"] = "image_score"
    quantile: float | None = None
    rank: int | None = None
    source: CalibrationSource = "none"
    fallback: str | None = None
    reason: str | None = None
    calibration_count: int = 0
    calibration_groups: int | None = None
    disjoint_from_train: bool = True
    disjoint_from_test: bool = True
    calibration_false_positives: int | None = None
    score_summary: ScoreSummary | None = None
    warnings: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class Threshold:
    """A score at or above `value` is anomalous; without a value there is no verdict."""

    value: float | None = None
    provenance: ThresholdProvenance
