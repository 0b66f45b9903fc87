"""How large a difference is and how sure, given that both test images and seeds are samples.

Every fit of a side scores the same test images, as every reader of a clinical study reads the same cases. The
variance of a difference is that of the seeds' means, which holds each image's own share of a fit's chance,
and what an image moves in all fits alike. This is the model of Obuchowski and Rockette, Communications in
Statistics: Simulation and Computation 24 (1995), with Hillis' degrees of freedom, Statistics in Medicine 26
(2007), which are Welch and Satterthwaite's with the images' part taken as known.
"""

from __future__ import annotations

from math import inf, sqrt
from statistics import fmean, variance
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.student import combined_degrees, critical_value, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_SEEDS = 2  # of a side: a single fit can't be told from its seed
_ROUNDING = 1e-12  # a mean of equal values can differ from them by so much


@define(frozen=True, kw_only=True)
class Effect:
    """A metric of both sides under each of their seeds.

    `paired` says that each seed has test images of its own, so that it is compared with itself: both sides
    then have the same seeds, in the same order. Other seeds are two samples. `image_variance` is that of the
    difference over images, as far as all fits of a side share it; an estimate, it can be below zero, and
    counts as `least_variance` where it is below that.
    """

    contender: tuple[float, ...]
    baseline: tuple[float, ...]
    paired: bool
    image_variance: float
    least_variance: float

    @property
    def difference(self) -> float:
        """The contender's mean over its seeds less the baseline's."""
        return fmean(self.contender) - fmean(self.baseline)

    @property
    def has_seeds(self) -> bool:
        """Whether there are enough seeds to tell a detector from the chance of a fit; all below needs it."""
        return min(len(self.contender), len(self.baseline)) >= FEWEST_SEEDS

    @property
    def error(self) -> float:
        """The standard error over images and seeds."""
        return sqrt(sum(part for part, _ in self._variances))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the difference's interval."""
        reach = critical_value(level, combined_degrees(self._variances)) * self.error
        return max(self.difference - reach, -1.0), min(self.difference + reach, 1.0)

    def p_value(self) -> float:
        """Return the two-sided p-value for no difference, on other images and with other seeds."""
        return _p_value(self.difference, self._variances)

    def seed_p_value(self) -> float:
        """Return the two-sided p-value for no difference on these images, with other seeds."""
        return _p_value(self.difference, self._variances[1:])

    @property
    def _variances(self) -> list[tuple[float, float]]:
        """The parts of the variance with their degrees of freedom, that of the images first."""
        sides: tuple[Sequence[float], ...] = (self.contender, self.baseline)
        if self.paired:
            sides = ([one - other for one, other in zip(*sides, strict=True)],)
        return [
            (max(self.image_variance, self.least_variance), inf),
            *((variance(side) / len(side), len(side) - 1) for side in sides),
        ]


def _p_value(difference: float, variances: list[tuple[float, float]]) -> float:
    error = sqrt(sum(part for part, _ in variances))
    if error < _ROUNDING:
        return 1.0 if abs(difference) < _ROUNDING else 0.0
    return two_sided_p(difference / error, combined_degrees(variances))


def over_categories(effects: Sequence[Effect]) -> Effect:
    """Return the effect on the macro mean: categories have images of their own, a seed runs through all."""
    return Effect(
        contender=tuple(map(fmean, zip(*(each.contender for each in effects), strict=True))),
        baseline=tuple(map(fmean, zip(*(each.baseline for each in effects), strict=True))),
        paired=any(each.paired for each in effects),
        image_variance=sum(each.image_variance for each in effects) / len(effects) ** 2,
        least_variance=sum(each.least_variance for each in effects) / len(effects) ** 2,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given (Scandinavian Journal of Statistics 6, 1979)."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
