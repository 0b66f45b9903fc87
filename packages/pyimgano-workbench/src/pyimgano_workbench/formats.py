"""Numbers, shares and intervals as people read them; what is undefined is a dash."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import Interval, ObservedRate

NONE = "-"


def number(value: float | None, digits: int = 4) -> str:
    """Return a metric's value."""
    return NONE if value is None else f"{value:.{digits}f}"


def percent(share: float) -> str:
    """Return a share of 1 as `2.38 %`."""
    return f"{100 * share:.3g} %"


def interval(found: Interval | None) -> str:
    """Return the interval of a metric as `0.9710 to 0.9984`."""
    if found is None or found.low is None:
        return NONE
    return f"{number(found.low)} to {number(found.high)}"


def share_interval(found: Interval) -> str:
    """Return the interval of a share as `0.0 to 8.8 %`."""
    if found.low is None or found.high is None:
        return NONE
    return f"{100 * found.low:.1f} to {100 * found.high:.1f} %"


def share(observed: ObservedRate) -> str:
    """Return a counted share as `2.5 %`."""
    return NONE if observed.rate is None else f"{100 * observed.rate:.1f} %"


def count_of(observed: ObservedRate) -> str:
    """Return what was counted as `1 of 40`."""
    return f"{observed.count} of {observed.total}"
