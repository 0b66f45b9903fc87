"""From cells to what is compared: a row per cell, and macro means over the categories that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyimgano_bench.cell import BenchCell
    from pyimgano_core.contracts.report import CategoryReport

IMAGE_METRICS = {"image_auroc": "auroc", "image_ap": "average_precision", "image_f1_max": "f1_max"}
PIXEL_METRICS = {
    "pixel_auroc": "pixel_auroc",
    "pixel_ap": "pixel_average_precision",
    "pixel_f1_max": "pixel_f1_max",
    "aupro": "aupro",
}
METRICS = (*IMAGE_METRICS, *PIXEL_METRICS)


@define(frozen=True, kw_only=True)
class Row:
    """One cell's numbers; one that is undefined is null, and `reasons` says why, by its name.

    `false_alarms` of `normal_count` normal test images and `misses` of `anomaly_count` anomalous ones are
    counted at the deployed `threshold`, over the images that have a score. `pixel_subset` says which images
    the pixel metrics are of.
    """

    dataset: str
    category: str
    detector: str
    seed: int
    status: Literal["ok", "failed"]
    image_auroc: float | None = None
    image_ap: float | None = None
    image_f1_max: float | None = None
    pixel_auroc: float | None = None
    pixel_ap: float | None = None
    pixel_f1_max: float | None = None
    aupro: float | None = None
    pixel_subset: str | None = None
    threshold: float | None = None
    false_alarms: int | None = None
    misses: int | None = None
    normal_count: int | None = None
    anomaly_count: int | None = None
    failed_count: int | None = None
    fit_seconds: float | None = None
    total_seconds: float | None = None
    split_fingerprint: str | None = None
    reasons: dict[str, str] = field(factory=dict)
    error: str | None = None


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


def make_row(cell: BenchCell) -> Row:
    """Return the row of a cell."""
    place: dict[str, Any] = {
        "dataset": cell.dataset,
        "category": cell.category,
        "detector": cell.detector,
        "seed": cell.seed,
        "status": cell.status,
    }
    if cell.report is None:
        return Row(**place, error=cell.error.message if cell.error is not None else None)
    report = cell.report
    counts = report.results.metrics or {}
    return Row(
        **place,
        **_metrics(report),
        pixel_subset=report.pixel_metrics_status.subset if report.results.pixel_metrics else None,
        threshold=report.threshold.value,
        false_alarms=counts.get("fp"),
        misses=counts.get("fn"),
        normal_count=counts["fp"] + counts["tn"] if counts else None,
        anomaly_count=counts["fn"] + counts["tp"] if counts else None,
        failed_count=report.dataset_summary.failed_count,
        fit_seconds=cell.seconds.get("fit"),
        total_seconds=round(sum(cell.seconds.values()), 3),
        split_fingerprint=report.split_fingerprint.sha256,
        reasons=_reasons(report),
    )


def _metrics(report: CategoryReport) -> dict[str, Any]:
    results, pixel = report.results, report.results.pixel_metrics
    values = {name: getattr(results, source) for name, source in IMAGE_METRICS.items()}
    return values | {name: getattr(pixel, source, None) for name, source in PIXEL_METRICS.items()}


def _reasons(report: CategoryReport) -> dict[str, str]:
    results, pixel, gate = report.results, report.results.pixel_metrics, report.pixel_metrics_status
    reasons = {
        name: results.reasons[source] for name, source in IMAGE_METRICS.items() if source in results.reasons
    }
    for name, source in PIXEL_METRICS.items():
        if pixel is None:
            reasons[name] = gate.reason or "not_computed"
        elif source in pixel.reasons:
            reasons[name] = pixel.reasons[source]
    if report.threshold.value is None:
        reasons["threshold"] = report.threshold.provenance.reason or "no_threshold"
    return reasons


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
