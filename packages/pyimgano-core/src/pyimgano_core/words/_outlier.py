"""One calibration image far from the rest, which sets the threshold alone."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_OTHERS = 8  # fewer have no spread to speak of
_FAR = 3.0


def outlier_in_words(scored: Sequence[tuple[str, float]]) -> str | None:
    """Name the highest-scored calibration image where it is far from the others, else return None.

    Far is beyond the others' 95th percentile by more than 3 times the distance from their median to it. Of a
    normal distribution that is 6.6 standard deviations, of an exponential one a chance of 1 in 20,000.

    Args:
        scored: name and score of each calibration image.
    """
    ranked = sorted(scored, key=lambda item: item[1])
    if len(ranked) <= _LEAST_OTHERS:
        return None
    *others, (name, highest) = ranked
    scores = [score for _, score in others]
    high = scores[(95 * len(scores) + 99) // 100 - 1]
    spread = high - median(scores)
    if spread <= 0 or highest <= high + _FAR * spread:
        return None
    return (
        f"calibration image {name!r} scores {highest:.4g}, far above the others (95 % of them up to "
        f"{high:.4g}), and so the threshold may be too high: look at it, and take it out if it is no normal"
    )
