"""The document of a benchmark: its rows, the means over them, and what must be known of both."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field

from pyimgano_bench.rows import Row


@define(frozen=True, kw_only=True)
class Mean:
    """A macro mean: over categories first, then over seeds; `std` is that over seeds, null for one seed.

    `categories` are those in which every detector has a value under every seed: all that is averaged.
    `missing` are the others. `low` and `high` are the ends of an interval over the test images, or groups of
    them, and over seeds where there are several; null where no category has an interval and no seed differs.
    `unbounded` are categories whose own value has no interval, such as a perfect one: they add nothing to it.
    """

    value: float | None = None
    std: float | None = None
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unbounded: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class DetectorMeans:
    """A detector's macro means over one data set's categories, by metric.

    `fit_seconds` is the median over the categories and seeds of its image AUROC, null without them.
    """

    dataset: str
    detector: str
    category_count: int
    seeds: tuple[int, ...]
    means: dict[str, Mean] = field(factory=dict)
    interval_level: float | None = None
    fit_seconds: float | None = None


@define(frozen=True, kw_only=True)
class BenchResults:
    """All results of a benchmark, in the order of its plan; `notes` are what a reader must know of them.

    `trial` is the number of test images that each category was limited to; null where nothing was left out.
    """

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
    trial: int | None = None
