"""Metrics of one score per image (or of any one-dimensional scores)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.metric import Confusion
from pyimgano_core.metrics._limits import check_threshold
from pyimgano_core.metrics._ranking import (
    Ranking,
    area_under_roc,
    best_f1,
    count,
    distinct,
    fewest_alarms,
    most_found,
    most_passed,
    rank,
    step_precision,
)
from pyimgano_core.metrics._scores import as_anomalous, as_image_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pyimgano_core.contracts.metric import MetricValue
    from pyimgano_core.metrics._scores import Scores


def auroc(scores: npt.ArrayLike, labels: npt.ArrayLike, *, names: Sequence[str] | None = None) -> MetricValue:
    """Area under the ROC curve, by trapezoids: ties count half.

    Args:
        scores: (N,), larger is more anomalous.
        labels: (N,), 0 or False for normal, 1 or True for anomalous.
        names: of the images, such as their paths, for the message of an error.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite; its `name` is that of the first, or `image 0`.
        ValueError: the shapes differ, or a label is neither 0 nor 1.
    """
    return area_under_roc(_rank(scores, labels, names))


def average_precision(
    scores: npt.ArrayLike, labels: npt.ArrayLike, *, names: Sequence[str] | None = None
) -> MetricValue:
    """Average precision as a step sum, with no interpolation.

    Arguments and errors are those of `auroc`.
    """
    return step_precision(_rank(scores, labels, names))


def f1_max(
    scores: npt.ArrayLike, labels: npt.ArrayLike, *, names: Sequence[str] | None = None
) -> MetricValue:
    """Largest F1 over all thresholds, with the largest threshold that attains it.

    That threshold has seen the labels: it is an upper bound to report, not a threshold to use.
    Arguments and errors are those of `auroc`.
    """
    return best_f1(_rank(scores, labels, names))


def tpr_at_fpr(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    max_fpr: float = 0.05,
    *,
    names: Sequence[str] | None = None,
) -> MetricValue:
    """Share of the anomalous found with at most `max_fpr` of the normal flagged, at the best threshold.

    Nothing is interpolated: a threshold attains the value. It is given, except for a value of 0 that only a
    threshold above all scores attains. Of an inspection line this is the share of defects found with at most
    n % false alarms. Further arguments and errors are those of `auroc`.

    Args:
        scores: as in `auroc`.
        labels: as in `auroc`.
        max_fpr: 0 to 1.
        names: as in `auroc`.

    Raises:
        ValueError: also where `max_fpr` is outside 0 to 1.
    """
    if not 0.0 <= max_fpr <= 1.0:
        raise ValueError(f"a false-positive rate is 0 to 1, not {max_fpr}")
    return most_found(_rank(scores, labels, names), max_fpr)


def fpr_at_tpr(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    min_tpr: float = 0.95,
    *,
    names: Sequence[str] | None = None,
) -> MetricValue:
    """Share of the normal flagged where at least `min_tpr` of the anomalous are found, at the best threshold.

    Arguments and errors are those of `tpr_at_fpr`, but a `min_tpr` of 0 asks for nothing and is refused.
    """
    if not 0.0 < min_tpr <= 1.0:
        raise ValueError(f"a true-positive rate to reach is above 0 and at most 1, not {min_tpr}")
    return fewest_alarms(_rank(scores, labels, names), min_tpr)


def normals_passed(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    max_missed: float = 0.05,
    *,
    names: Sequence[str] | None = None,
) -> MetricValue:
    """Share of the normal that pass where at most `max_missed` of the anomalous are missed.

    Of an inspection line: the good parts that need no second look, at a miss rate that the line can bear.
    Arguments and errors are those of `tpr_at_fpr`, but a `max_missed` of 1 asks for nothing and is refused.
    """
    if not 0.0 <= max_missed < 1.0:
        raise ValueError(f"a miss rate to keep is at least 0 and below 1, not {max_missed}")
    return most_passed(_rank(scores, labels, names), max_missed)


def confusion(
    scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float, *, names: Sequence[str] | None = None
) -> Confusion:
    """Count decisions at `threshold`: a score at or above it means anomalous.

    The comparison is exact: a float64 threshold is not rounded to the scores' float32.

    Args:
        scores: as in `auroc`.
        labels: as in `auroc`.
        threshold: any number.
        names: as in `auroc`.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite.
        ValueError: the shapes differ, a label is neither 0 nor 1, or the threshold is NaN.
    """
    check_threshold(threshold)
    checked, anomalous = _checked(scores, labels, names)
    flagged = checked >= np.float64(threshold)
    return Confusion(
        tp=int(np.count_nonzero(flagged & anomalous)),
        fp=int(np.count_nonzero(flagged & ~anomalous)),
        tn=int(np.count_nonzero(~flagged & ~anomalous)),
        fn=int(np.count_nonzero(~flagged & anomalous)),
    )


def _rank(scores: npt.ArrayLike, labels: npt.ArrayLike, names: Sequence[str] | None) -> Ranking:
    checked, anomalous = _checked(scores, labels, names)
    thresholds, positives = distinct(checked[anomalous])
    return rank(thresholds, positives, count(thresholds, [(0, np.sort(checked))]).values())


def _checked(
    scores: npt.ArrayLike, labels: npt.ArrayLike, names: Sequence[str] | None
) -> tuple[Scores, npt.NDArray[np.bool_]]:
    checked = as_image_scores(scores, names)
    return checked, as_anomalous(labels, checked)
