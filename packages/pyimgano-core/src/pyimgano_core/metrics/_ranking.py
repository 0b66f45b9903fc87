"""Where the positives stand among the negatives: all that the ranking metrics need, as exact counts.

Thresholds between two positive scores change neither average precision nor F1-max, and the trapezoids under
the ROC and the overlap curve have closed forms; so each metric is a sum over the distinct positive scores.
Only values are sorted, never indices, and the counts of chunks of negatives add up in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics._scores import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable


@define(frozen=True, kw_only=True, eq=False)
class Ranking:
    """The distinct scores of the positives and what lies at and above each of them.

    `things` ends the reason codes: `no_positives` or `no_positive_pixels`.
    """

    thresholds: Scores  # (U,) ascending
    positives: npt.NDArray[np.int64]  # (U,) positives with exactly this score
    above: npt.NDArray[np.int64]  # (U,) negatives with a larger score
    at_least: npt.NDArray[np.int64]  # (U,) negatives with this score or a larger one
    n_positives: int
    n_negatives: int
    things: Literal["s", "_pixels"]

    @property
    def reason(self) -> str | None:
        """Why no metric is defined, or None where all are."""
        if not self.n_positives:
            return f"no_positive{self.things}"
        return None if self.n_negatives else f"no_negative{self.things}"

    @property
    def flags(self) -> tuple[str, ...]:
        """`constant_scores` where all scores, of positives and negatives, are one value."""
        tied = int(self.at_least[0] - self.above[0])
        return ("constant_scores",) if len(self.thresholds) == 1 and tied == self.n_negatives else ()


def rank(positives: Scores, negatives: Iterable[Scores], things: Literal["s", "_pixels"] = "s") -> Ranking:
    """Count the negatives above each distinct positive score.

    Args:
        positives: (P,), in any order.
        negatives: chunks, each one-dimensional and sorted ascending.
        things: the end of the reason codes.
    """
    thresholds, counts = np.unique(positives, return_counts=True)
    above = np.zeros(len(thresholds), np.int64)
    at_least = np.zeros(len(thresholds), np.int64)
    n_negatives = 0
    for chunk in negatives:
        if not len(chunk):
            continue
        below = np.searchsorted(chunk, thresholds)  # (U,)
        upto = below.copy()
        tied = np.flatnonzero(chunk[np.minimum(below, len(chunk) - 1)] == thresholds)  # seldom many
        upto[tied] = np.searchsorted(chunk, thresholds[tied], side="right")
        above += len(chunk) - upto
        at_least += len(chunk) - below
        n_negatives += len(chunk)
    return Ranking(
        thresholds=thresholds + thresholds.dtype.type(0.0),  # -0.0 becomes 0.0: they are one score
        positives=counts.astype(np.int64, copy=False),
        above=above,
        at_least=at_least,
        n_positives=len(positives),
        n_negatives=n_negatives,
        things=things,
    )


def area_under_roc(ranking: Ranking) -> MetricValue:
    """Return the probability that a positive outranks a negative, ties counting half."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    fpr = (ranking.above + ranking.at_least) / (2 * ranking.n_negatives)  # (U,) mean over the tie
    missed = float((fpr * ranking.positives).sum()) / ranking.n_positives
    return MetricValue(value=1.0 - missed, flags=ranking.flags)


def step_precision(ranking: Ranking) -> MetricValue:
    """Return average precision: the sum of precision times gain in recall, with no interpolation."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    found = _found(ranking)
    precision = found / (found + ranking.at_least)
    value = float((precision * ranking.positives).sum()) / ranking.n_positives
    return MetricValue(value=value, flags=ranking.flags)


def best_f1(ranking: Ranking) -> MetricValue:
    """Return the largest F1 over all thresholds, and the largest threshold that attains it."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    found = _found(ranking)
    f1 = 2 * found / (found + ranking.at_least + ranking.n_positives)  # (U,)
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    return MetricValue(value=float(f1[best]), threshold=float(ranking.thresholds[best]), flags=ranking.flags)


def most_found(ranking: Ranking, max_fpr: float) -> MetricValue:
    """Return the largest share of positives found at a false-positive rate of at most `max_fpr`.

    A threshold must attain it: nothing is interpolated. `threshold` is None where only a threshold above all
    positives keeps the rate.
    """
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    allowed = np.flatnonzero(ranking.at_least / ranking.n_negatives <= max_fpr)
    if not len(allowed):
        return MetricValue(value=0.0, flags=ranking.flags)
    first = allowed[0]
    value = float(_found(ranking)[first]) / ranking.n_positives
    return MetricValue(value=value, threshold=float(ranking.thresholds[first]), flags=ranking.flags)


def fewest_alarms(ranking: Ranking, min_tpr: float) -> MetricValue:
    """Return the smallest false-positive rate at which at least a share `min_tpr` is found."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    last = np.flatnonzero(_found(ranking) / ranking.n_positives >= min_tpr)[-1]
    value = float(ranking.at_least[last]) / ranking.n_negatives
    return MetricValue(value=value, threshold=float(ranking.thresholds[last]), flags=ranking.flags)


def most_passed(ranking: Ranking, max_missed: float) -> MetricValue:
    """Return the largest share of negatives below a threshold that misses a share of at most `max_missed`."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    missed = (ranking.n_positives - _found(ranking)) / ranking.n_positives  # never as 1 - tpr, which rounds
    last = np.flatnonzero(missed <= max_missed)[-1]
    value = float(ranking.n_negatives - ranking.at_least[last]) / ranking.n_negatives
    return MetricValue(value=value, threshold=float(ranking.thresholds[last]), flags=ranking.flags)


def _found(ranking: Ranking) -> npt.NDArray[np.int64]:
    """Return the true positives at each threshold, (U,)."""
    return ranking.positives[::-1].cumsum()[::-1]
