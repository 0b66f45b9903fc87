"""Do the images of a run still look like those of calibration? Counted in bounded memory.

Each quantity of a run is counted into the gaps between the reference's values, and onto them. That is all
that the two-sample Kolmogorov-Smirnov distance and Cliff's delta depend on, so both are exact for any number
of images.

Sources: M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von Mises and related statistics without
extensive tables", JRSS B 32 (1970), for the p-value; N. Cliff, "Dominance statistics", Psychological Bulletin
114 (1993), for the effect; J. Romano et al., "Exploring methods for evaluating group differences on the NSSE"
(2006), call 0.33 a medium one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.drift import MOST_VALUES, DriftedQuantity, ReferenceSample
from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from pyimgano_core.contracts.drift import ImageStatistics

MAX_P_VALUE = 0.001
MIN_EFFECT = 0.33
_ENOUGH_TERMS = 100


def quantities_of(
    score: float, statistics: ImageStatistics | None, size: tuple[int, int] | None
) -> dict[str, float]:
    """Return what is compared of a scored image, by name: what is known of these.

    Args:
        score: its score.
        statistics: its simple facts.
        size: its height and width as it is displayed.
    """
    found = {"score": score}
    if statistics is not None:
        found |= {"brightness": statistics.brightness, "sharpness": statistics.sharpness}
    if size is not None:
        found |= {"height": float(size[0]), "width": float(size[1])}
    return found


def reference_sample(values: ArrayLike) -> ReferenceSample | None:
    """Return what is kept of a quantity over calibration images, None where there are none.

    Args:
        values: (N,) one per image, finite.
    """
    rising = np.sort(np.asarray(values, dtype=np.float64))
    if not len(rising):
        return None
    ranks = np.linspace(0, len(rising) - 1, min(len(rising), MOST_VALUES)).round().astype(np.intp)
    return ReferenceSample(count=len(rising), values=tuple(rising[ranks].tolist()))


class Counts:
    """One quantity of a run, counted against its reference."""

    def __init__(self, reference: ReferenceSample) -> None:
        self._size = len(reference.values)
        self._levels = sorted(set(reference.values))
        self._weights = [reference.values.count(level) for level in self._levels]
        # below the first level, on it, between it and the second, …, above the last
        self._bins = [0] * (2 * len(self._levels) + 1)

    def add(self, value: float) -> None:
        """Count one image."""
        place = bisect_left(self._levels, value)
        is_on = place < len(self._levels) and self._levels[place] == value
        self._bins[2 * place + is_on] += 1

    def compare(self, category: str, quantity: str) -> DriftedQuantity | None:
        """Return how the run compares with the reference, None where nothing was counted."""
        count = sum(self._bins)
        if not count:
            return None
        statistic, effect = self._distance(count), self._effect(count)
        p_value = ks_p_value(statistic, count, self._size)
        is_large = max(abs(effect), statistic) >= MIN_EFFECT
        return DriftedQuantity(
            category=category,
            quantity=quantity,
            statistic=statistic,
            p_value=p_value,
            effect=effect,
            count=count,
            reference_count=self._size,
            drifted=p_value < MAX_P_VALUE and is_large,
        )

    def _distance(self, count: int) -> float:
        """Return the largest distance of the distribution functions; it is found at a level or just below."""
        found = list(accumulate(self._bins))
        expected = [0, *accumulate(self._weights)]
        gaps = range(len(self._levels))
        below = (abs(found[2 * gap] / count - expected[gap] / self._size) for gap in gaps)
        at = (abs(found[2 * gap + 1] / count - expected[gap + 1] / self._size) for gap in gaps)
        return max(*below, *at)

    def _effect(self, count: int) -> float:
        found = list(accumulate(self._bins))
        dominance = sum(
            weight * ((count - found[2 * gap + 1]) - found[2 * gap])
            for gap, weight in enumerate(self._weights)
        )
        return dominance / (self._size * count)


def ks_p_value(statistic: float, n: int, m: int) -> float:
    """Return the two-sided p-value of a two-sample Kolmogorov-Smirnov distance, by Stephens' approximation.

    Args:
        statistic: the distance, 0 to 1.
        n: the size of one sample.
        m: the size of the other.
    """
    effective = math.sqrt(n * m / (n + m))
    scaled = (effective + 0.12 + 0.11 / effective) * statistic
    if scaled < 0.2:  # noqa: PLR2004 - the series converges slowly there, and its sum is 1 in all digits
        return 1.0
    terms = ((-1) ** (j - 1) * math.exp(-2.0 * (j * scaled) ** 2) for j in range(1, _ENOUGH_TERMS))
    return min(1.0, max(0.0, 2.0 * math.fsum(terms)))


class DriftWatch:
    """Counts what the images of one category are, quantity by quantity."""

    def __init__(self, category: str, reference: Mapping[str, ReferenceSample]) -> None:
        self._category = category
        self._counts = {quantity: Counts(sample) for quantity, sample in reference.items()}

    def add(self, values: Mapping[str, float]) -> None:
        """Count one image; a quantity that it lacks, or that has no reference, does not count."""
        for quantity, counts in self._counts.items():
            if quantity in values:
                counts.add(values[quantity])

    def compare(self) -> Iterator[DriftedQuantity]:
        """Yield each quantity that was seen."""
        found = (counts.compare(self._category, quantity) for quantity, counts in self._counts.items())
        return (quantity for quantity in found if quantity is not None)


def in_words(drift: Sequence[DriftedQuantity]) -> Iterator[str]:
    """Yield a sentence for each quantity that drifted."""
    for each in drift:
        if each.drifted:
            direction = "higher" if each.effect > 0 else "lower"
            moved = f"{direction} than" if abs(each.effect) >= MIN_EFFECT else "spread otherwise than"
            yield (
                f"category {each.category!r}: {each.quantity} is {moved} at calibration "
                f"(Kolmogorov-Smirnov distance {each.statistic:.2f}, p {each.p_value:.2g}, "
                f"Cliff's delta {each.effect:+.2f}, {images_in_words(each.count)} against "
                f"{each.reference_count})"
            )
