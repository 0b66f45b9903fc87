"""The document of a cost measurement: a row per contender on a category, each number with its spread."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field


@define(frozen=True, kw_only=True)
class Spread:
    """A number over the rounds that have it: the median, the lowest and the highest; `count` rounds."""

    median: float
    low: float
    high: float
    count: int


@define(frozen=True, kw_only=True)
class CostRow:
    """What a contender costs on one category; what could not be measured is null.

    A fit loads its framework, reads the train images, learns, exports the graph and checks it. Latencies are
    of an image that is decoded already: preparing it, running the graph, and enlarging the map, after a
    warm-up. Each process measures itself, so a peak is that of one step alone.

    Attributes:
        dataset: the data set's label.
        category: the category.
        detector: the contender's label.
        seed: the seed of the fit.
        train_count: how many images are fitted.
        image_size: height and width of the graph's input.
        fit_seconds: wall-clock time of the fit.
        fit_cpu_seconds: seconds of all threads of the fit.
        learning_seconds: the part of the fit that reads images and learns, without the framework's start and
            the export, which a run of many categories pays once; null where the detector does not tell it.
        fit_peak_bytes: peak resident memory of the process that fits; Linux only.
        fit_gpu_bytes: peak memory of tensors on a graphics card; null where none was used.
        checkpoint_bytes: size of the graph's file.
        cold_start_seconds: from the start of a process to its first score, with reading the image.
        latency_p50_seconds: median latency of one image at a time.
        latency_p95_seconds: the latency that 95 % of the images stay within.
        latency_p99_seconds: the latency that 99 % of the images stay within.
        image_cpu_seconds: mean CPU seconds of an image, one at a time; a busy machine changes them least.
        preparation_p50_seconds: median of what comes before the graph: region of interest, resizing, tiling.
        batch_p50_seconds: median time of preparing and running a whole batch; null with tiling.
        batch_p95_seconds: the time that 95 % of the batches stay within.
        batch_p99_seconds: the time that 99 % of the batches stay within.
        images_per_second: throughput of image files on all threads, with reading them.
        scoring_peak_bytes: peak resident memory of a process that scores one image at a time; Linux only.
        error: why some or all of it is missing: the first process that failed.
    """

    dataset: str
    category: str
    detector: str
    seed: int
    train_count: int | None = None
    image_size: tuple[int, int] | None = None
    fit_seconds: Spread | None = None
    fit_cpu_seconds: Spread | None = None
    learning_seconds: Spread | None = None
    fit_peak_bytes: Spread | None = None
    fit_gpu_bytes: Spread | None = None
    checkpoint_bytes: Spread | None = None
    cold_start_seconds: Spread | None = None
    latency_p50_seconds: Spread | None = None
    latency_p95_seconds: Spread | None = None
    latency_p99_seconds: Spread | None = None
    image_cpu_seconds: Spread | None = None
    preparation_p50_seconds: Spread | None = None
    batch_p50_seconds: Spread | None = None
    batch_p95_seconds: Spread | None = None
    batch_p99_seconds: Spread | None = None
    images_per_second: Spread | None = None
    scoring_peak_bytes: Spread | None = None
    error: str | None = None


@define(frozen=True, kw_only=True)
class CostProtocol:
    """How it was measured.

    `rounds` were asked for. `images` are timed in a round, one at a time, and again in batches of `batch`.
    `threads` is that of a fit, and of images scored side by side for the throughput; a graph runs on one.
    """

    rounds: int
    images: int
    batch: int
    threads: int


@define(frozen=True, kw_only=True)
class CostResults:
    """What contenders cost, in the order of the plan; `cost.json` in a benchmark's folder, or alone.

    `is_complete` is false where the measurement was interrupted. `load_before` and `load_after` are the
    machine's load averages over 1, 5 and 15 minutes; null where the system tells none.
    """

    KIND: ClassVar[str] = "pyimgano.bench_cost"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_cost"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    timestamp_utc: str
    pyimgano_version: str
    is_complete: bool
    protocol: CostProtocol
    rows: tuple[CostRow, ...]
    notes: tuple[str, ...] = ()
    load_before: tuple[float, float, float] | None = None
    load_after: tuple[float, float, float] | None = None
    settings: dict[str, Any] = field(factory=dict)
    versions: dict[str, str | None] = field(factory=dict)
    machine: dict[str, Any] = field(factory=dict)
