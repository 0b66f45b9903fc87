"""What is said of any study: which categories count, and what became of a threshold."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.words import fallback_in_words, missing_in_words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from pyimgano_core.contracts.threshold import Threshold

UNDEFINED = "image AUROC is undefined here, and so are the means over this category"
LEFT_OUT = "is left out of all means and counts, for a cell of it failed"


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
