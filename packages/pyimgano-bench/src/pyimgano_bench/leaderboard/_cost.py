"""What a detector costs: its latency where that was measured for all contenders, else its fit."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_bench.cost._contract import CostResults
    from pyimgano_bench.results import DetectorMeans


@define(frozen=True, kw_only=True)
class Price:
    """A cost with its name, and that of each detector of a data set in `unit`; those without one lack."""

    name: str
    unit: str
    of: dict[str, float]

    def in_words(self, cost: float) -> str:
        """Return a cost as `0.412 s`."""
        return f"{cost:.3g} {self.unit}"


def price_of(means: Sequence[DetectorMeans], cost: CostResults | None) -> Price:
    """Return the cost that a data set's detectors are shown by.

    Args:
        means: those of one data set.
        cost: what was measured apart, if it was.
    """
    latencies = {} if cost is None else _latencies(means, cost)
    if latencies and latencies.keys() == {each.detector for each in means if _has_mean(each)}:
        return Price(name="median latency of one image", unit="ms", of=latencies)
    seconds = {each.detector: each.fit_seconds for each in means if each.fit_seconds}
    return Price(name="median time of a fit", unit="s", of=seconds)


def _latencies(means: Sequence[DetectorMeans], cost: CostResults) -> dict[str, float]:
    """Return each detector's median over the categories of its mean, in ms."""
    found = {}
    for each in means:
        categories = each.means["image_auroc"].categories
        own = [
            1000 * row.latency_p50_seconds.median
            for row in cost.rows
            if (row.dataset, row.detector) == (each.dataset, each.detector)
            and row.category in categories
            and row.latency_p50_seconds is not None
        ]
        if own:
            found[each.detector] = median(own)
    return found


def _has_mean(means: DetectorMeans) -> bool:
    return means.means["image_auroc"].value is not None
