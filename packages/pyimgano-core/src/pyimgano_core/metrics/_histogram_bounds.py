"""Pixel metrics from bins of scores, each with how far it can be from the exact one.

The exact metrics depend on the order and the ties of the scores within a bin, which are not known; each bound
is over all of them. A bin of a `Ranking` here is one of its distinct scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics._ranking import area_under_roc, best_f1

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_core.metrics._ranking import Ranking

ROUNDING = 1e-12  # of the float64 sums, here and in the exact metrics, with much to spare


def bound_auroc(ranking: Ranking) -> MetricValue:
    """Return the middle: a bin's part of the curve runs within a box, and the tie's diagonal halves it."""
    boxes = (ranking.at_least - ranking.above) / ranking.n_negatives * ranking.positives
    spread = float(boxes.sum()) / (2 * ranking.n_positives)
    return evolve(area_under_roc(ranking), flags=(), error_bound=spread + ROUNDING)


def bound_precision(ranking: Ranking) -> MetricValue:
    """Return the middle of the best and the worst average precision.

    At best a bin's positives come together and before its negatives. At worst they come after them and one by
    one: the j-th has precision (earlier + j) / (earlier + j + at_least). As 1 / x is convex, the sum of
    at_least / (earlier + j + at_least) is at most its integral from j = 1/2 to j = positives + 1/2.
    """
    found = ranking.found
    best = ranking.positives * (found / (found + ranking.above))
    first = found - ranking.positives + ranking.at_least + 0.5
    worst = ranking.positives - ranking.at_least * np.log1p(ranking.positives / first)
    high, low = float(best.sum()) / ranking.n_positives, float(worst.sum()) / ranking.n_positives
    return _middle(low, high)


def bound_f1(ranking: Ranking) -> MetricValue:
    """Return what a threshold between bins attains.

    At best a threshold within a bin finds all its positives and none of its negatives.
    """
    found = ranking.found
    high = float((2 * found / (found + ranking.above + ranking.n_positives)).max())
    attained = best_f1(ranking)
    return evolve(attained, flags=(), error_bound=high - (attained.value or 0.0) + ROUNDING)


def bound_overlap(ranking: Ranking, weights: npt.NDArray[np.int64], limit: float) -> MetricValue:
    """Return the middle of the largest and the smallest AUPRO.

    The curve runs within a box per bin, and the limit cuts the boxes. A pixel's weight is off by e, at most
    1/2; with g its share of the area, the value is off by the sum of e (g - value) / total, and so by at most
    positives / (2 total).

    Args:
        ranking: of the bins.
        weights: (U,) of each bin's positives together, each a large integer over its region's area, rounded.
        limit: above 0, at most 1.
    """
    first, last = (  # (U,) the share of the area that a pixel at either end of its bin has
        np.maximum(limit - count / ranking.n_negatives, 0.0) / limit
        for count in (ranking.above, ranking.at_least)
    )
    total = float(weights.sum())
    metric = _middle(float((weights * last).sum()) / total, float((weights * first).sum()) / total)
    return evolve(metric, error_bound=(metric.error_bound or 0.0) + ranking.n_positives / (2 * total))


def tied_metrics(
    ranking: Ranking, score: float, limit: float
) -> tuple[MetricValue, MetricValue, MetricValue, MetricValue]:
    """Return AUROC, average precision, F1-max and AUPRO of pixels that all have the same score."""
    n_pixels = ranking.n_positives + ranking.n_negatives
    f1 = 2 * ranking.n_positives / (ranking.n_positives + n_pixels)
    auroc, precision, best, aupro = (
        MetricValue(value=value, flags=("constant_scores",), error_bound=ROUNDING)
        for value in (0.5, ranking.n_positives / n_pixels, f1, limit / 2)
    )
    return auroc, precision, evolve(best, threshold=score + 0.0), aupro  # -0.0 becomes 0.0


def _middle(low: float, high: float) -> MetricValue:
    return MetricValue(value=(low + high) / 2, error_bound=(high - low) / 2 + ROUNDING)
