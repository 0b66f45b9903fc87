"""Where the positives stand among the negatives: all that the ranking metrics need, as exact counts.

Thresholds between two positive scores change neither average precision nor F1-max, and the trapezoids under
the ROC and the overlap curve have closed forms; so each metric is a sum over the distinct positive scores.
Only values are sorted, never indices. Positives are counted along with the negatives and taken off again,
which costs less than keeping them apart.
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
class Counts:
    """The scores of a bag at and above each threshold; the counts of several bags add up."""

    above: npt.NDArray[np.int64]  # (U,) larger scores
    at_least: npt.NDArray[np.int64]  # (U,) equal or larger scores
    total: int


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
    def found(self) -> npt.NDArray[np.int64]:
        """Positives with this score or a larger one, (U,)."""
        return self.positives[::-1].cumsum()[::-1]

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


def distinct(scores: Scores) -> tuple[Scores, npt.NDArray[np.int64]]:
    """Return the distinct ones of `scores` (N,), ascending, and how often each occurs, (U,) both."""
    ordered = np.sort(scores)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    counts = np.diff(starts, append=len(ordered)).astype(np.int64, copy=False)
    return ordered[starts] + ordered.dtype.type(0.0), counts  # -0.0 becomes 0.0: they are one score


def count(thresholds: Scores, runs: Iterable[tuple[int, Scores]]) -> dict[int, Counts]:
    """Count, per bag, the scores above each threshold.

    Args:
        thresholds: (U,), distinct and ascending.
        runs: the number of a bag and some of its scores, one-dimensional and ascending.
    """
    tallies: dict[int, _Tally] = {}
    for bag, values in runs:
        if len(values):
            thresholds = thresholds.astype(np.promote_types(thresholds.dtype, values.dtype), copy=False)
            if bag not in tallies:
                tallies[bag] = _Tally(len(thresholds))
            tallies[bag].add(thresholds, values)
    return {bag: tally.counts() for bag, tally in tallies.items()}


class _Tally:
    """Sums of counts over runs; a run costs as much as the thresholds within its range."""

    def __init__(self, size: int) -> None:
        self._below = np.zeros(size, np.int64)  # smaller scores, in runs whose range holds the threshold
        self._tied = np.zeros(size, np.int64)  # equal scores
        self._passed = np.zeros(size + 1, np.int64)  # scores of runs that end below this threshold
        self._total = 0

    def add(self, thresholds: Scores, values: Scores) -> None:
        first = int(np.searchsorted(thresholds, values[0]))
        last = int(np.searchsorted(thresholds, values[-1], side="right"))
        within = thresholds[first:last]
        below = np.searchsorted(values, within)
        self._below[first:last] += below
        tied = np.flatnonzero(values[below] == within)  # seldom many
        self._tied[first + tied] += np.searchsorted(values, within[tied], side="right") - below[tied]
        self._passed[last] += len(values)
        self._total += len(values)

    def counts(self) -> Counts:
        at_least = self._total - self._below - self._passed.cumsum()[:-1]
        return Counts(above=at_least - self._tied, at_least=at_least, total=self._total)


def rank(
    thresholds: Scores,
    positives: npt.NDArray[np.int64],
    counts: Iterable[Counts],
    things: Literal["s", "_pixels"] = "s",
) -> Ranking:
    """Place the positives among the negatives.

    Args:
        thresholds: (U,), the distinct scores of the positives, ascending.
        positives: (U,), how many have each of them.
        counts: of all scores of the negatives and of the positives, at `thresholds`.
        things: the end of the reason codes.
    """
    found = positives[::-1].cumsum()[::-1]
    above, at_least = positives - found, -found  # takes the positives off
    n_negatives = -int(positives.sum())
    for bag in counts:
        above += bag.above
        at_least += bag.at_least
        n_negatives += bag.total
    return Ranking(
        thresholds=thresholds,
        positives=positives,
        above=above,
        at_least=at_least,
        n_positives=int(positives.sum()),
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
    precision = ranking.found / (ranking.found + ranking.at_least)
    value = float((precision * ranking.positives).sum()) / ranking.n_positives
    return MetricValue(value=value, flags=ranking.flags)


def best_f1(ranking: Ranking) -> MetricValue:
    """Return the largest F1 over all thresholds, and the largest threshold that attains it."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    f1 = 2 * ranking.found / (ranking.found + ranking.at_least + ranking.n_positives)  # (U,)
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
    value = float(ranking.found[first]) / ranking.n_positives
    return MetricValue(value=value, threshold=float(ranking.thresholds[first]), flags=ranking.flags)


def fewest_alarms(ranking: Ranking, min_tpr: float) -> MetricValue:
    """Return the smallest false-positive rate at which at least a share `min_tpr` is found."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    last = np.flatnonzero(ranking.found / ranking.n_positives >= min_tpr)[-1]
    value = float(ranking.at_least[last]) / ranking.n_negatives
    return MetricValue(value=value, threshold=float(ranking.thresholds[last]), flags=ranking.flags)


def most_passed(ranking: Ranking, max_missed: float) -> MetricValue:
    """Return the largest share of negatives below a threshold that misses a share of at most `max_missed`."""
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    missed = (ranking.n_positives - ranking.found) / ranking.n_positives  # never as 1 - tpr, which rounds
    last = np.flatnonzero(missed <= max_missed)[-1]
    value = float(ranking.n_negatives - ranking.at_least[last]) / ranking.n_negatives
    return MetricValue(value=value, threshold=float(ranking.thresholds[last]), flags=ranking.flags)
