"""Costs as tables: for the terminal, as Markdown and as CSV. All come from the same document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, fields

from pyimgano_bench.cost._contract import CostRow, Spread
from pyimgano_bench.environment import origin_in_words
from pyimgano_bench.formats import csv_table, escape_markdown, markdown_table
from pyimgano_core.cli.app import format_table
from pyimgano_core.words import NONE, images_in_words, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_bench.cost._contract import CostResults

_MS, _MB = 1e3, 1e-6

# title, measure, factor
_FIT = (
    ("fit s", "fit_seconds", 1.0),
    ("CPU s", "fit_cpu_seconds", 1.0),
    ("of it learning s", "learning_seconds", 1.0),
    ("peak MB", "fit_peak_bytes", _MB),
    ("GPU MB", "fit_gpu_bytes", _MB),
    ("model MB", "checkpoint_bytes", _MB),
)
_LATENCY = (
    ("p50 ms", "latency_p50_seconds", _MS),
    ("p95 ms", "latency_p95_seconds", _MS),
    ("p99 ms", "latency_p99_seconds", _MS),
    ("of it preparing ms", "preparation_p50_seconds", _MS),
    ("batch p50 ms", "batch_p50_seconds", _MS),
)
_SCORING = (
    ("cold start s", "cold_start_seconds", 1.0),
    ("CPU ms/image", "image_cpu_seconds", _MS),
    ("images/s", "images_per_second", 1.0),
    ("peak MB", "scoring_peak_bytes", _MB),
)
_OPTIONAL = ("fit_gpu_bytes", "batch_p50_seconds")
_PLACE = ("dataset", "category", "detector")

Columns = tuple[tuple[str, str, float], ...]
Table = tuple[list[str], list[list[str]]]


@define(frozen=True, kw_only=True)
class CostLine:
    """A line of the CSV file: one measure of one contender on one category, in the unit of its name."""

    dataset: str
    category: str
    detector: str
    seed: int
    measure: str
    median: float
    low: float
    high: float
    count: int


def text_report(results: CostResults) -> str:
    """Return the tables and notes for a terminal."""
    tables = (f"{title}\n{format_table(*_table(results, columns))}" for title, columns in _sections(results))
    return "\n\n".join([*tables, "\n".join(f"- {note}" for note in _notes(results))]).rstrip()


def markdown_report(results: CostResults) -> str:
    """Return the tables and notes as a Markdown document."""
    parts = ["# Cost"]
    for title, columns in _sections(results):
        parts += [f"## {title.capitalize()}", markdown_table(*_table(results, columns))]
    parts += ["\n".join(f"- {escape_markdown(note)}" for note in _notes(results))]
    parts += [escape_markdown(origin_in_words(results.timestamp_utc, results.machine, results.versions))]
    return "\n\n".join(part for part in parts if part) + "\n"


def csv_report(results: CostResults) -> str:
    """Return a line per measure; what was not measured has none."""
    return csv_table(CostLine, _lines(results))


def _lines(results: CostResults) -> Iterator[CostLine]:
    for row in results.rows:
        for name in (attribute.name for attribute in fields(CostRow)):
            value = getattr(row, name)
            if isinstance(value, Spread):
                yield CostLine(
                    dataset=row.dataset,
                    category=row.category,
                    detector=row.detector,
                    seed=row.seed,
                    measure=name,
                    median=value.median,
                    low=value.low,
                    high=value.high,
                    count=value.count,
                )


def _table(results: CostResults, columns: Columns) -> Table:
    """A row per contender and category; the data set only where there are several."""
    rows = results.rows
    place = [name for name in _PLACE if name != "dataset" or len({row.dataset for row in rows}) > 1]
    shown = [
        column
        for column in columns
        if column[1] not in _OPTIONAL or any(getattr(row, column[1]) is not None for row in rows)
    ]
    return [*place, *(title for title, _, _ in shown)], [
        [
            *(str(getattr(row, name)) for name in place),
            *(_cell(getattr(row, measure), factor) for _, measure, factor in shown),
        ]
        for row in rows
    ]


def _cell(spread: Spread | None, factor: float) -> str:
    """Return `12.3 (11.9 to 13.0)`; of one round, or where all are alike, the number alone."""
    if spread is None:
        return NONE
    middle, low, high = (_number(value * factor) for value in (spread.median, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _number(value: float) -> str:
    """Return three digits that count, and no exponent."""
    digits = next((digits for limit, digits in ((100, 0), (10, 1), (1, 2)) if value >= limit), 3)
    return f"{value:.{digits}f}"


def _sections(results: CostResults) -> Iterator[tuple[str, Columns]]:
    """Yield what each table is about, and its columns."""
    protocol = results.protocol
    threads = number_of(protocol.threads, "thread")
    has_batches = any(row.batch_p50_seconds is not None for row in results.rows)
    batches = f", and in batches of {protocol.batch}" if has_batches else ""
    yield f"fit, {threads}", _FIT
    yield f"latency of {images_in_words(protocol.images)}, one at a time on 1 thread{batches}", _LATENCY
    yield f"scoring, images/s with {threads}", _SCORING


def _notes(results: CostResults) -> Iterator[str]:
    for row in results.rows:
        if row.error is not None:
            yield f"{row.dataset}/{row.category} {row.detector} failed: {' '.join(row.error.split())}"
    yield from results.notes
