"""Rows of all cells to one line per detector, kind and severity."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from attrs import define, field

from pyimgano_bench.robustness._measure import Disturbed
from pyimgano_bench.study.words import complete_categories

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@define(frozen=True, kw_only=True)
class Summary:
    """A detector under one kind at one severity, over `categories` and all seeds.

    The categories are those in which every detector has every seed. `auroc` is the mean over their
    `cell_count` cells, null where one has none; the counts are sums, null where one has no threshold.
    """

    dataset: str
    detector: str
    kind: str
    severity: int
    categories: tuple[str, ...]
    auroc: float | None
    false_alarms: int | None
    normal_count: int
    misses: int | None
    anomaly_count: int
    reviews: int | None
    cell_count: int

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the normal images."""
        return _share(self.false_alarms, self.normal_count)

    @property
    def miss_rate(self) -> float | None:
        """Share of the anomalous images."""
        return _share(self.misses, self.anomaly_count)


@define(frozen=True, kw_only=True)
class RobustnessResults:
    """All that a robustness study found; `constants` are those of each kind, by severity.

    Thresholds are those of clean images. Metrics are of images; pixels are not measured. `trial` is the
    number of test images of a category that a trial was limited to; its numbers are no results.
    """

    KIND: ClassVar[str] = "pyimgano.bench_robustness"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_robustness"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    timestamp_utc: str
    pyimgano_version: str
    trial: int | None = None
    rows: tuple[Disturbed, ...]
    summary: tuple[Summary, ...]
    constants: dict[str, tuple[float, ...]]
    notes: tuple[str, ...] = ()
    versions: dict[str, str | None] = field(factory=dict)
    machine: dict[str, Any] = field(factory=dict)


def summarize(rows: Iterable[Disturbed]) -> tuple[Summary, ...]:
    """Return a line per data set, detector, kind and severity, in the order of the rows."""
    datasets: dict[str, list[Disturbed]] = defaultdict(list)
    groups: dict[tuple[str, str, str, int], list[Disturbed]] = defaultdict(list)
    for row in rows:
        datasets[row.dataset].append(row)
        groups[row.dataset, row.detector, row.kind, row.severity].append(row)
    shared = {
        dataset: complete_categories((row.category, (row.detector, row.seed)) for row in own)
        for dataset, own in datasets.items()
    }
    return tuple(_line(own, shared[dataset]) for (dataset, *_), own in groups.items())


def _line(rows: Sequence[Disturbed], categories: tuple[str, ...]) -> Summary:
    """Sum up the rows of one detector, kind and severity, of which those of `categories` count."""
    first, counted = rows[0], [row for row in rows if row.category in categories]
    areas = [row.auroc for row in counted if row.auroc is not None]
    return Summary(
        dataset=first.dataset,
        detector=first.detector,
        kind=first.kind,
        severity=first.severity,
        categories=categories,
        auroc=float(np.mean(areas)) if areas and len(areas) == len(counted) else None,
        false_alarms=_total([row.false_alarms for row in counted]),
        normal_count=sum(row.normal_count for row in counted),
        misses=_total([row.misses for row in counted]),
        anomaly_count=sum(row.anomaly_count for row in counted),
        reviews=_total([row.reviews for row in counted]),
        cell_count=len(counted),
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else part / whole
