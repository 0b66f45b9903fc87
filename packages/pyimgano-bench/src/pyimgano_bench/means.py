"""Macro means over categories and seeds, with intervals that know of both test images and seeds.

The intervals of the categories, which have images of their own, are joined as Zou and Donner do for sums
(Statistics in Medicine 27, 2008): the distances from value to end add up in squares, each side for itself, so
that the joint interval is as skew as they are. The chance of the seeds, which run through all categories, is
Student's interval of the means under each seed, added in the same way. Under several seeds the same images
are scored again, and so the distances of a category are averaged and never shrink with the number of seeds.
"""

from __future__ import annotations

from math import hypot, sqrt
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from pyimgano_bench.results import DetectorMeans, Mean
from pyimgano_bench.rows import METRICS
from pyimgano_bench.student import critical_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyimgano_bench.rows import Row


def macro_means(rows: Sequence[Row]) -> tuple[DetectorMeans, ...]:
    """Return the means of every detector on every data set, over the categories that all of them share.

    A category in which one detector has no value is left out for all of them: means over different categories
    can't be compared. A detector that has no value in any category has no mean, and takes none from others.
    """
    datasets = dict.fromkeys(row.dataset for row in rows)
    return tuple(means for name in datasets for means in _of_dataset([r for r in rows if r.dataset == name]))


def _of_dataset(rows: Sequence[Row]) -> Iterable[DetectorMeans]:
    detectors = dict.fromkeys(row.detector for row in rows)
    categories = tuple(dict.fromkeys(row.category for row in rows))
    for detector in detectors:
        own = [row for row in rows if row.detector == detector]
        means = {}
        for metric in METRICS:
            shared = _shared(rows, metric) if _has(own, metric) else ()
            means[metric] = _mean([r for r in own if r.category in shared], metric, categories)
        yield DetectorMeans(
            dataset=own[0].dataset,
            detector=detector,
            category_count=len(categories),
            seeds=tuple(dict.fromkeys(row.seed for row in rows)),
            means=means,
            interval_level=next((r.interval_level for r in own if r.interval_level is not None), None),
            fit_seconds=_fit_seconds(own, means["image_auroc"].categories),
        )


def _has(rows: Iterable[Row], metric: str) -> bool:
    return any(getattr(row, metric) is not None for row in rows)


def _shared(rows: Sequence[Row], metric: str) -> tuple[str, ...]:
    """Return the categories in which each detector that has any value has one under every seed."""
    measured = {row.detector for row in rows if getattr(row, metric) is not None}
    lacking = {row.category for row in rows if row.detector in measured and getattr(row, metric) is None}
    return tuple(name for name in dict.fromkeys(row.category for row in rows) if name not in lacking)


def _mean(rows: Sequence[Row], metric: str, categories: Sequence[str]) -> Mean:
    """Return the mean over rows that all have a value, each category under the same seeds."""
    kept = tuple(dict.fromkeys(row.category for row in rows))
    missing = tuple(name for name in categories if name not in kept)
    if not kept:
        return Mean(missing=missing)
    by_category = [[row for row in rows if row.category == name] for name in kept]
    per_seed = [
        fmean(getattr(row, metric) for row in rows if row.seed == seed)
        for seed in dict.fromkeys(row.seed for row in rows)
    ]
    value = fmean(per_seed)
    low, high = _ends(value, per_seed, by_category, metric)
    return Mean(
        value=value,
        std=stdev(per_seed) if len(per_seed) > 1 else None,
        categories=kept,
        missing=missing,
        low=low,
        high=high,
        unbounded=tuple(own[0].category for own in by_category if not _has(own, f"{metric}_low")),
    )


def _ends(
    value: float, per_seed: Sequence[float], by_category: Sequence[Sequence[Row]], metric: str
) -> tuple[float | None, float | None]:
    """Return the ends of a mean's interval."""
    seeds = 0.0
    level = next((row.interval_level for own in by_category for row in own if row.interval_level), None)
    if len(per_seed) > 1 and level is not None:
        seeds = critical_value(level, len(per_seed) - 1) * stdev(per_seed) / sqrt(len(per_seed))
    below, above = (
        hypot(seeds, *(_distance(own, metric, end) / len(by_category) for own in by_category))
        for end in ("low", "high")
    )
    if not below and not above:
        return None, None
    return max(0.0, value - below), min(1.0, value + above)


def _distance(rows: Sequence[Row], metric: str, end: str) -> float:
    """Return how far a category's value is from that end of its interval, 0 without one, over its seeds."""
    found = [(getattr(row, metric), getattr(row, f"{metric}_{end}")) for row in rows]
    gaps = [
        0.0 if limit is None else (value - limit if end == "low" else limit - value) for value, limit in found
    ]
    return fmean(max(0.0, gap) for gap in gaps)


def _fit_seconds(rows: Iterable[Row], categories: Sequence[str]) -> float | None:
    seconds = [row.fit_seconds for row in rows if row.fit_seconds is not None and row.category in categories]
    return median(seconds) if seconds else None
