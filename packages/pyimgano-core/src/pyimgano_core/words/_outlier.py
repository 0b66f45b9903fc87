"""A calibration image far above the rest, or one that alone sets a threshold which costs defects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words._numbers import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.report import DecidingImage

_LEAST = 3  # of two scores nothing says how far apart scores usually are
_CHANCE = 0.01


def outlier_in_words(scored: Sequence[tuple[str, float]]) -> str | None:
    """Name the highest-scored calibration image where it is far from the others, else return None.

    Far is a gap to the next score that has a chance of 1 % where scores fall off exponentially, however many
    there are. The gap and the m spacings below it, each times the number of scores above it, are then
    independent and of one exponential distribution (Sukhatme, "Tests of significance for samples of the
    chi-square population with two degrees of freedom", Annals of Eugenics 8, 1937), so that the gap exceeds
    t times their sum with probability (1 + t)^-m. m is half of the scores: the lower ones tell nothing of a
    tail.

    In simulations of 3 to 1,001 scores the remark came to .9 to 1.1 % of exponential samples and to at most
    .4 % of normal ones. Tails heavier than exponential get it more often: lognormal scores with a sigma
    of 1 in 4 % of samples of 9 and in 20 % of samples of 201, with a sigma of .5 in .7 and in 2.3 %.

    Args:
        scored: name and score of each calibration image.
    """
    if len(scored) < _LEAST:
        return None
    *others, (name, highest) = sorted(scored, key=lambda item: item[1])
    scores = [score for _, score in others]
    count = len(scored) // 2  # m
    following, base = scores[-1], scores[-1 - count]
    spacings = sum(score - base for score in scores[-count:]) + (following - base)
    if spacings <= 0 or highest - following <= (_CHANCE ** (-1 / count) - 1) * spacings:
        return None
    return (
        f"calibration image {name!r} scores {highest:.4g}, far above the others (up to {following:.4g}), and "
        "so the threshold may be too high: look at it, and mend its label if it is not normal"
    )


def deciding_in_words(found: DecidingImage) -> str:
    """Say which calibration image sets the threshold, what that costs, and what to do."""
    return (
        f"calibration image {found.input!r} alone sets the threshold: it scores {found.score:.4g}, the next "
        f"highest {found.next_score:.4g}; without it, {found.found_without} of the {found.missed_count} "
        "missed defects would be found, and "
        f"{number_of(found.false_alarms_without, 'more normal test image')} flagged. "
        "Look at it: if it is not normal, mend its label; if it is, keep it, however odd (taking hard normal "
        "images out betters the numbers, not the model), and add more calibration images"
    )
