"""Do the scores of normal images drift over time? A robust line through them, and a test of its rise.

The line is Theil's and Sen's (the median of all slopes; Sen, JASA 63, 1968). The test is Mann's and
Kendall's, with the normal approximation and its correction for ties (Kendall, "Rank Correlation Methods").
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.record import NORMAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FEWEST = 10  # images; fewer tell no trend
_MOST = 1000  # images, evenly spread over time: all pairs are looked at


@define(frozen=True, kw_only=True, eq=False)
class Drift:
    """Normal images in order of time, and how their scores move.

    `first` and `last` are the timestamps as the manifest has them. `at_first` and `at_last` are the line's
    values there. `tau` is Kendall's tau-b and `p_value` two-sided. `left_out` counts the images that are not
    among those, `grouped` says whether some are of one group.
    """

    moments: NDArray[np.float64]  # (N,) ascending
    scores: NDArray[np.float64]  # (N,)
    calibrated: NDArray[np.bool_]  # (N,) of the calibration images
    first: str
    last: str
    at_first: float
    at_last: float
    tau: float
    p_value: float
    left_out: int
    grouped: bool


def find_drift(calibration: Iterable[dict[str, Any]], tests: Iterable[dict[str, Any]]) -> Drift | None:
    """Return how the scores of a category's normal images move, None where too few have a timestamp.

    Args:
        calibration: the lines of the calibration images.
        tests: the lines of the test images.
    """
    lines = [(line, True) for line in calibration] + [(line, False) for line in tests]
    normals = [each for each in lines if each[0]["y_true"] == NORMAL]
    dated = _dated(normals)
    if len(dated) < FEWEST or len({line["moment"] for line, _ in dated}) < FEWEST // 2:
        return None
    dated.sort(key=lambda each: each[0]["moment"])
    chosen = dated[:: -(-len(dated) // _MOST)]
    moments = np.array([line["moment"] for line, _ in chosen], np.float64)
    scores = np.array([line["score"] for line, _ in chosen], np.float64)
    slope, level = theil_sen(moments, scores)
    tau, p_value = mann_kendall(moments, scores)
    groups = [line["group_id"] for line, _ in chosen if line["group_id"] is not None]
    return Drift(
        moments=moments,
        scores=scores,
        calibrated=np.array([each for _, each in chosen], np.bool_),
        first=str(chosen[0][0]["timestamp"]),
        last=str(chosen[-1][0]["timestamp"]),
        at_first=level + slope * moments[0],
        at_last=level + slope * moments[-1],
        tau=tau,
        p_value=p_value,
        left_out=len(normals) - len(chosen),
        grouped=len(set(groups)) < len(groups),
    )


def _dated(lines: Sequence[tuple[dict[str, Any], bool]]) -> list[tuple[dict[str, Any], bool]]:
    """Return the lines with a score and a moment: of text or of numbers, whichever are more."""
    known = [each for each in lines if each[0]["score"] is not None and each[0]["moment"] is not None]
    texts = [each for each in known if isinstance(each[0]["timestamp"], str)]
    numbers = [each for each in known if not isinstance(each[0]["timestamp"], str)]
    return max(texts, numbers, key=len)


def theil_sen(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median of the slopes of all pairs, and the median level at x = 0; x is not all equal."""
    first, second = np.triu_indices(len(x), 1)
    apart = x[second] != x[first]
    first, second = first[apart], second[apart]
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    centre = float(np.median(x))
    return slope, float(np.median(y - slope * (x - centre))) - slope * centre


def mann_kendall(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return Kendall's tau-b of x and y and its two-sided p-value; where either is all equal, 0 and 1."""
    n = len(x)
    total = sum(float((np.sign(x[i + 1 :] - x[i]) * np.sign(y[i + 1 :] - y[i])).sum()) for i in range(n - 1))
    ties_x, ties_y = _ties(x), _ties(y)
    pairs = n * (n - 1) / 2
    untied = (pairs - _sum_of(ties_x, 2) / 2) * (pairs - _sum_of(ties_y, 2) / 2)
    if untied <= 0:
        return 0.0, 1.0
    variance = (n * (n - 1) * (2 * n + 5) - _weighted(ties_x) - _weighted(ties_y)) / 18
    variance += _sum_of(ties_x, 2) * _sum_of(ties_y, 2) / (2 * n * (n - 1))
    variance += _sum_of(ties_x, 3) * _sum_of(ties_y, 3) / (9 * n * (n - 1) * (n - 2))
    return total / sqrt(untied), erfc(abs(total) / sqrt(2 * variance))


def _ties(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each distinct value occurs."""
    return np.unique(values, return_counts=True)[1].astype(np.float64)


def _sum_of(ties: NDArray[np.float64], factors: int) -> float:
    """Return the sum of t (t - 1) … over the ties, of so many factors."""
    return float(np.prod([ties - step for step in range(factors)], axis=0).sum())


def _weighted(ties: NDArray[np.float64]) -> float:
    return float((ties * (ties - 1) * (2 * ties + 5)).sum())
