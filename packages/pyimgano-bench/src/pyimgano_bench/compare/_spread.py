"""The variance over test images of the difference between two sides, from all pairs of their fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from pyimgano_core.metrics import Comparison, Sketch, SketchOptions, bootstrap_differences, compare_delong
from pyimgano_core.words import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEED = 0  # of the bootstrap, whose draws are the same for all fits
_REPLICATES = 400  # a standard error wants fewer than the ends of an interval
_LEVEL = 0.95  # of the intervals that standard errors are taken from


class NoSpreadError(Exception):
    """There is no interval that a variance could be taken from; the message says why."""


@define(frozen=True, kw_only=True)
class Spread:
    """All fits of both sides, a sketch each; what the bootstrap finds of two of them serves all metrics."""

    ours: Sequence[Sketch]
    theirs: Sequence[Sketch]
    options: SketchOptions
    _bootstrapped: dict[tuple[int, int], Mapping[str, Comparison]] = field(init=False, factory=dict)

    @property
    def paired(self) -> bool:
        """Whether each seed has test images of its own, and is compared with itself."""
        return not same_images([*self.ours, *self.theirs])

    def over_images(self, metric: str) -> float:
        """Return the variance of the difference that all fits of a side share; it may come out below zero.

        That is the mean variance of a difference between the sides, less half of that within each, which is
        the chance of the fits. Where fits are `paired`, they share no images: it then is the mean variance of
        a seed's difference, as if all seeds shared it.

        Args:
            metric: its name in a sketch's metrics.

        Raises:
            NoSpreadError: an interval is undefined.
        """
        count = len(self.ours)
        ours, theirs = range(count), range(count, count + len(self.theirs))
        if self.paired:
            return self._mean(metric, zip(ours, theirs, strict=True))
        between = self._mean(metric, product(ours, theirs))
        within = [self._mean(metric, combinations(side, 2)) for side in (ours, theirs)]
        return between - sum(within) / 2

    def _mean(self, metric: str, pairs: Iterable[tuple[int, int]]) -> float:
        return fmean(self._variance(metric, pair) for pair in pairs)

    def _variance(self, metric: str, pair: tuple[int, int]) -> float:
        """Return the variance of two fits' difference, from the longer side of its interval; 0 without."""
        sketches = [*self.ours, *self.theirs]
        first, second = (sketches[index] for index in pair)
        if metric == "auroc" and not (first.groups != "").any():
            found = compare_delong(first.scores, second.scores, first.anomalous, level=_LEVEL)
        else:
            found = self._bootstrap(pair)[metric]
        difference, interval = found.difference, found.interval
        if difference is None or interval.reason not in {None, "zero_variance"}:
            raise NoSpreadError(f"how sure it is can't be said: {reason_in_words(interval.reason)}")
        if interval.low is None or interval.high is None:
            return 0.0
        width = max(interval.high - difference, difference - interval.low)
        return (width / NormalDist().inv_cdf((1 + _LEVEL) / 2)) ** 2

    def _bootstrap(self, pair: tuple[int, int]) -> Mapping[str, Comparison]:
        """Return what the bootstrap finds of a pair; where all share their images, of all pairs at once."""
        if pair not in self._bootstrapped:
            sketches = [*self.ours, *self.theirs]
            places = pair if self.paired else tuple(range(len(sketches)))
            found = bootstrap_differences(
                [sketches[place] for place in places],
                seed=_SEED,
                replicates=_REPLICATES,
                level=_LEVEL,
                options=self.options,
            )
            for (one, other), compared in found.items():
                by_name = {str(name): comparison for name, comparison in compared.items()}
                self._bootstrapped[places[one], places[other]] = by_name
        return self._bootstrapped[pair]


def same_images(sketches: Sequence[Sketch]) -> bool:
    """Return whether all sketches are of images of the same names."""
    return all(np.array_equal(sketches[0].names, sketch.names) for sketch in sketches)


def fewest_units(sketch: Sketch) -> int:
    """Return how many units, images or groups, the rarer label has."""
    sides = (sketch.units[sketch.anomalous], sketch.units[~sketch.anomalous])
    return min(len(np.unique(units)) for units in sides)
