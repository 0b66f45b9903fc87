"""Numbers, shares and intervals as people read them; what is undefined is a dash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words._reasons import bounds_anything, has_width

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import Interval, ObservedRate
    from pyimgano_core.contracts.report import ReviewCounts

NONE = "-"
REVIEW_LEGEND = (
    "review: how many of the normal + of the anomalous test images wait for a person; they are neither false "
    "alarms nor misses"
)


def number(value: float | None, digits: int = 4) -> str:
    """Return a metric's value."""
    return NONE if value is None else f"{value:.{digits}f}"


def percent(part: float) -> str:
    """Return a share of 1 as `2.38 %`."""
    return f"{100 * part:.3g} %"


def interval(found: Interval | None) -> str:
    """Return the interval of a metric as `0.9710 to 0.9984`; one without width bounds nothing."""
    if found is None or not bounds_anything(found):
        return NONE
    return f"{number(found.low)} to {number(found.high)}"


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a metric in a narrow column, `0.9860 [.971, .998]`; an interval without width bounds nothing."""
    text = number(value)
    if value is None or low is None or high is None or not has_width(low, high):
        return text
    ends = (f"{end:.3f}".removeprefix("0") for end in (low, high))
    return f"{text} [{', '.join(ends)}]"


def share_interval(found: Interval) -> str:
    """Return the interval of a share as `0.0 to 8.8 %`."""
    if found.low is None or found.high is None:
        return NONE
    return f"{100 * found.low:.1f} to {100 * found.high:.1f} %"


def number_of(count: int, one: str, many: str | None = None) -> str:
    """Return `1 mask` or `6 masks`; `many` is what several are called, where that is not `one` and an s."""
    return f"{count} {agree(count, one, f'{one}s' if many is None else many)}"


def agree(count: int, one: str, many: str) -> str:
    """Return the word that goes with so many: `1 of 6 masks is`, and `2 of 6 masks are`."""
    return one if count == 1 else many


def images_in_words(count: int) -> str:
    """Return `1 image` or `6 images`."""
    return number_of(count, "image")


def share(observed: ObservedRate) -> str:
    """Return a counted share as `2.5 %`."""
    return NONE if observed.rate is None else f"{100 * observed.rate:.1f} %"


def count_of(observed: ObservedRate) -> str:
    """Return what was counted as `1 of 40`."""
    return f"{observed.count} of {observed.total}"


def counted(observed: ObservedRate | None) -> str:
    """Return what was counted in a narrow column, `1/40`."""
    return NONE if observed is None else f"{observed.count}/{observed.total}"


def reviewed(counts: ReviewCounts | None) -> str:
    """Return what a review band holds, `10/14 + 32/40`: of the normal images and of the anomalous ones."""
    return NONE if counts is None else f"{counted(counts.normal)} + {counted(counts.anomalous)}"
