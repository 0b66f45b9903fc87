"""The document of a benchmark: its rows, and macro means over the categories that all detectors share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from attrs import define, field

from pyimgano_bench.rows import METRICS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@define(frozen=True, kw_only=True)
class Mean:
    """A macro mean: over categories first, then over seeds; `std` is that over seeds, null for one seed.

    `categories` are those in which every detector has a value under every seed: all that is averaged.
    """

    value: float | None = None
    std: float | None = None
    categories: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class DetectorMeans:
    """A detector's macro means over one data set's categories, by metric."""

    dataset: str
    detector: str
    category_count: int
    seeds: tuple[int, ...]
    means: dict[str, Mean] = field(factory=dict)


@define(frozen=True, kw_only=True)
class BenchResults:
    """All results of a benchmark, in the order of its plan; `notes` are what a reader must know of them."""

    KIND: ClassVar[str] = "pyimgano.bench_results"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_results"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    timestamp_utc: str
    pyimgano_version: str
    rows: tuple[Row, ...]
    means: tuple[DetectorMeans, ...]
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(factory=dict)
    versions: dict[str, str | None] = field(factory=dict)
    machine: dict[str, Any] = field(factory=dict)


def macro_means(rows: Sequence[Row]) -> tuple[DetectorMeans, ...]:
    """Return the means of every detector on every data set, over the categories that all of them share.

    A category in which one detector has no value is left out for all of them: means over different categories
    can't be compared.
    """
    result = []
    for dataset in dict.fromkeys(row.dataset for row in rows):
        own = [row for row in rows if row.dataset == dataset]
        shared = {metric: _shared_categories(own, metric) for metric in METRICS}
        seeds = tuple(dict.fromkeys(row.seed for row in own))
        for detector in dict.fromkeys(row.detector for row in own):
            theirs = [row for row in own if row.detector == detector]
            result.append(
                DetectorMeans(
                    dataset=dataset,
                    detector=detector,
                    category_count=len({row.category for row in own}),
                    seeds=seeds,
                    means={metric: _mean(theirs, metric, shared[metric], seeds) for metric in METRICS},
                )
            )
    return tuple(result)


def _shared_categories(rows: Iterable[Row], metric: str) -> tuple[str, ...]:
    complete: dict[str, bool] = {}
    for row in rows:
        complete[row.category] = complete.get(row.category, True) and getattr(row, metric) is not None
    return tuple(category for category, is_complete in complete.items() if is_complete)


def _mean(rows: Sequence[Row], metric: str, categories: tuple[str, ...], seeds: tuple[int, ...]) -> Mean:
    if not categories:
        return Mean()
    per_seed = [
        float(np.mean([getattr(r, metric) for r in rows if r.seed == seed and r.category in categories]))
        for seed in seeds
    ]
    return Mean(
        value=float(np.mean(per_seed)),
        std=float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else None,
        categories=categories,
    )
