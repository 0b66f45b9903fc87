"""Metrics of the images' scores, and the rates of the verdicts in use."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import asdict

from pyimgano_core.contracts.metric import Interval, OperatingPoint
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.contracts.report import Results, ReviewCounts
from pyimgano_core.metrics import (
    auroc,
    average_precision,
    confusion,
    delong,
    f1_max,
    fpr_at_tpr,
    normals_passed,
    observed_rate,
    tpr_at_fpr,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.metric import MetricValue, ObservedRate
    from pyimgano_core.contracts.prediction import Label, Prediction

LEAST_FOUND = 0.95  # the share of the anomalous at which `fpr_at_tpr` is read, as the field does
_RATIOS = ("precision", "recall", "f1", "specificity", "accuracy")


def image_results(predictions: Sequence[Prediction], config: EvaluationConfig) -> Results:
    """Return the results over images, without pixels and without bootstrap intervals.

    Args:
        predictions: of all test images; those without a score do not count.
        config: limits and the intervals' level.
    """
    usable = [line for line in predictions if line.score is not None]
    scores = np.array([line.score for line in usable], dtype=np.float64)  # (N,)
    labels = np.array([line.y_true for line in usable], dtype=np.int64)  # (N,)
    values = {
        "auroc": auroc(scores, labels),
        "average_precision": average_precision(scores, labels),
        "f1_max": f1_max(scores, labels),
    }
    level = config.interval_level
    return Results(
        auroc=values["auroc"].value,
        average_precision=values["average_precision"].value,
        f1_max=values["f1_max"].value,
        f1_max_threshold=values["f1_max"].threshold,
        metrics=_metrics_at(usable, scores, labels),
        pixel_metrics=None,
        reasons=reasons(values),
        flags={name: value.flags for name, value in values.items() if value.flags},
        operating_points=_operating_points(scores, labels, config),
        auroc_delong=_delong(usable, scores, labels, level),
        **_rates([line for line in usable if line.label is not None], level),
    )


def reasons(values: dict[str, MetricValue]) -> dict[str, str]:
    """Return why metrics are undefined, by name; the defined ones are left out."""
    return {name: value.reason for name, value in values.items() if value.reason is not None}


def _metrics_at(
    lines: Sequence[Prediction], scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, Any] | None:
    threshold = next((line.threshold for line in lines), None)
    if threshold is None:
        return None
    counts = confusion(scores, labels, threshold)
    return {**asdict(counts), **{name: getattr(counts, name) for name in _RATIOS}}


def are_independent(lines: Sequence[Prediction]) -> bool:
    """Return whether no two images are of one group, such as two views of a part."""
    groups = [line.group_id for line in lines if line.group_id is not None]
    return len(set(groups)) == len(groups)


def _delong(
    lines: Sequence[Prediction], scores: NDArray[np.float64], labels: NDArray[np.int64], level: float
) -> Interval | None:
    """Return DeLong's interval of AUROC, which takes images for independent: groups of them have none."""
    if not lines:
        return None
    if not are_independent(lines):
        return Interval(level=level, reason="grouped_images")
    return delong(scores, labels, level=level).interval


def _operating_points(
    scores: NDArray[np.float64], labels: NDArray[np.int64], config: EvaluationConfig
) -> dict[str, OperatingPoint]:
    points: dict[str, tuple[Callable[..., MetricValue], float]] = {
        "tpr_at_fpr": (tpr_at_fpr, config.false_alarm_limit),
        "fpr_at_tpr": (fpr_at_tpr, LEAST_FOUND),
        "normals_passed": (normals_passed, config.miss_limit),
    }
    found = {name: (limit, metric(scores, labels, limit)) for name, (metric, limit) in points.items()}
    return {
        name: OperatingPoint(limit=limit, value=value.value, threshold=value.threshold, reason=value.reason)
        for name, (limit, value) in found.items()
    }


def _rates(lines: Sequence[Prediction], level: float) -> dict[str, Any]:
    """Return the rates of the verdicts; without verdicts there are none."""
    if not lines:
        return {}
    normal = [line for line in lines if line.y_true == NORMAL]
    anomalous = [line for line in lines if line.y_true == ANOMALOUS]
    return {
        "false_alarm_rate": _share(normal, "anomalous", level),
        "miss_rate": _share(anomalous, "normal", level),
        "review": _review(normal, anomalous, level),
        "miss_rate_per_defect": _shares(anomalous, "normal", level, [line.defect for line in anomalous]),
        "false_alarm_rate_per_group": _shares(normal, "anomalous", level, [line.group_id for line in normal]),
    }


def _review(
    normal: Sequence[Prediction], anomalous: Sequence[Prediction], level: float
) -> ReviewCounts | None:
    if not any(line.review_threshold is not None for line in (*normal, *anomalous)):
        return None
    return ReviewCounts(normal=_share(normal, "review", level), anomalous=_share(anomalous, "review", level))


def _share(lines: Sequence[Prediction], label: Label, level: float) -> ObservedRate:
    count = sum(line.label == label for line in lines)
    return observed_rate(count, len(lines), level=level, independent=are_independent(lines))


def _shares(
    lines: Sequence[Prediction], label: Label, level: float, keys: Iterable[str | None]
) -> dict[str, ObservedRate]:
    """Return the share of each key, in order of the keys; lines without one are in none."""
    by_key: dict[str, list[Prediction]] = defaultdict(list)
    for line, key in zip(lines, keys, strict=True):
        if key is not None:
            by_key[key].append(line)
    return {key: _share(by_key[key], label, level) for key in sorted(by_key)}
