"""Rows of all cells to curves: the mean and the spread over draws for each number of images."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from attrs import define, field

from pyimgano_bench.fewshot._measure import FewShotRow
from pyimgano_bench.study.words import complete_categories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

METRICS = ("image_auroc", "pixel_auroc", "aupro")


@define(frozen=True, kw_only=True)
class Spread:
    """A mean over draws and seeds, with its standard deviation, null for one draw, and its ends."""

    mean: float
    std: float | None
    low: float
    high: float


@define(frozen=True, kw_only=True)
class Point:
    """A detector with `count` normal images: macro means over `categories`, spread over `draw_count` draws.

    `categories` are those in which every detector has every draw of this count; a metric that is undefined
    in one of them is null. `false_alarm_rate` and `miss_rate` are pooled over their rows, and null where one
    has no threshold.
    """

    dataset: str
    detector: str
    count: int
    categories: tuple[str, ...]
    draw_count: int
    metrics: dict[str, Spread | None]
    false_alarm_rate: float | None
    miss_rate: float | None


@define(frozen=True, kw_only=True)
class FewShotResults:
    """All that a few-shot study found.

    `trial` is the number of test images of a category that a trial was limited to; its numbers are no
    results.
    """

    KIND: ClassVar[str] = "pyimgano.bench_few_shot"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_few_shot"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    timestamp_utc: str
    pyimgano_version: str
    trial: int | None = None
    rows: tuple[FewShotRow, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...] = ()
    versions: dict[str, str | None] = field(factory=dict)
    machine: dict[str, Any] = field(factory=dict)


def summarize(rows: Iterable[FewShotRow]) -> tuple[Point, ...]:
    """Return a point per data set, detector and count; the mean is over categories first, then over draws.

    A category that lacks a row of one detector or draw is left out for all of them: means over different
    categories can't be compared.
    """
    groups: dict[tuple[str, int], list[FewShotRow]] = defaultdict(list)
    for row in rows:
        groups[row.dataset, row.count].append(row)
    return tuple(point for own in groups.values() for point in _points(own))


def _points(rows: Sequence[FewShotRow]) -> Iterator[Point]:
    """Yield a point per detector; the rows are those of one data set and count."""
    shared = complete_categories((row.category, (row.detector, row.seed, row.draw)) for row in rows)
    for detector in dict.fromkeys(row.detector for row in rows):
        yield _point([row for row in rows if row.detector == detector], shared)


def _point(rows: Sequence[FewShotRow], categories: tuple[str, ...]) -> Point:
    draws: dict[tuple[int, int], list[FewShotRow]] = defaultdict(list)
    for row in rows:
        if row.category in categories:
            draws[row.seed, row.draw].append(row)
    first = rows[0]
    counted = [row for own in draws.values() for row in own]
    return Point(
        dataset=first.dataset,
        detector=first.detector,
        count=first.count,
        categories=categories,
        draw_count=len(draws),
        metrics={metric: _spread(draws, metric) for metric in METRICS},
        false_alarm_rate=_rate([(row.false_alarms, row.normal_count) for row in counted]),
        miss_rate=_rate([(row.misses, row.anomaly_count) for row in counted]),
    )


def _spread(draws: Mapping[tuple[int, int], Sequence[FewShotRow]], metric: str) -> Spread | None:
    values = [[getattr(row, metric) for row in own] for own in draws.values()]
    if not values or any(value is None for own in values for value in own):
        return None
    means = [float(np.mean(own)) for own in values]
    return Spread(
        mean=float(np.mean(means)),
        std=float(np.std(means, ddof=1)) if len(means) > 1 else None,
        low=min(means),
        high=max(means),
    )


def _rate(pairs: Sequence[tuple[int | None, int | None]]) -> float | None:
    parts = [part for part, _ in pairs if part is not None]
    total = sum(whole for _, whole in pairs if whole is not None)
    return sum(parts) / total if len(parts) == len(pairs) and total else None
