"""What is said of any study: that it was a trial, which categories count, and what became of a threshold."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.words import fallback_in_words, missing_in_words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from pyimgano_core.contracts.threshold import Threshold

LEFT_OUT = "is left out of all means and counts, for a cell of it failed"


def trial_in_words(limit: int) -> str:
    """Return what marks the outputs of a trial."""
    return f"a trial on at most {limit} test images of each category: these numbers are no results"


def complete_categories(runs: Iterable[tuple[str, Hashable]]) -> tuple[str, ...]:
    """Return the categories that have every run which any of them has, in the order of their coming.

    Means over different categories can't be compared, so a category that lacks a run has no part in any.

    Args:
        runs: a category and what tells its runs apart, such as detector and seed.
    """
    found: dict[str, set[Hashable]] = defaultdict(set)
    for category, run in runs:
        found[category].add(run)
    wanted: set[Hashable] = set().union(*found.values())
    return tuple(category for category, own in found.items() if own == wanted)


def threshold_note(threshold: Threshold) -> str | None:
    """Return why there is no threshold, or what its method fell back to, if either is so."""
    if threshold.value is None:
        return f"no threshold: {missing_in_words(threshold.provenance)}"
    return fallback_in_words(threshold.provenance)
