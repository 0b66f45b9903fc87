"""Results as tables: for the terminal, and as Markdown and CSV files. All come from the same document."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from attrs import fields

from pyimgano_bench.rows import Row
from pyimgano_core.cli.app import format_table
from pyimgano_core.words import NONE, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_bench.results import BenchResults, DetectorMeans, Mean

_TITLES = {
    "image_auroc": "AUROC",
    "image_ap": "AP",
    "image_f1_max": "F1-max",
    "pixel_auroc": "px AUROC",
    "aupro": "AUPRO",
}
_LINE_ENDS = re.compile(r"[\r\n]+")
_FORMULA = re.compile(r"\s*[=+\-@]|\t")  # a spreadsheet would compute such a cell
_MARKDOWN = re.compile(r"[\\|`*_<>\[\]&]")


def text_report(results: BenchResults) -> str:
    """Return the tables and notes for a terminal."""
    parts = [format_table(*_cells_table(results)), format_table(*_means_table(results))]
    if results.notes:
        parts.append("\n".join(f"- {note}" for note in results.notes))
    return "\n\n".join(parts)


def markdown_report(results: BenchResults) -> str:
    """Return the tables and notes as a Markdown document."""
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    versions = ", ".join(f"{name} {value}" for name, value in results.versions.items() if value)
    parts = [
        "# Benchmark",
        _markdown_table(*_cells_table(results)),
        "## Macro means over the categories that all detectors share",
        _markdown_table(*_means_table(results)),
    ]
    if results.notes:
        parts += ["## Notes", "\n".join(f"- {_escape(note)}" for note in results.notes)]
    parts.append(f"{_escape(results.timestamp_utc)}; {_escape(machine)}; {_escape(versions)}.")
    return "\n\n".join(parts) + "\n"


def csv_report(results: BenchResults) -> str:
    """Return a line per cell with all its fields; what is undefined is empty.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    names = [attribute.name for attribute in fields(Row)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_csv_value(getattr(row, name)) for name in names] for row in results.rows])
    return stream.getvalue()


def _metric_titles(rows: Sequence[Row]) -> dict[str, str]:
    """Return the title of each metric with its limit; AU-sPRO only where it was asked for."""
    limits = {row.aupro_limit for row in rows if row.aupro_limit is not None}
    limit = f"@{limits.pop():g}" if len(limits) == 1 else ""
    titles = {**_TITLES, "aupro": f"{_TITLES['aupro']}{limit}"}
    if any(row.saturation is not None for row in rows):
        titles["au_spro"] = f"AU-sPRO{limit}"
    return titles


def _cells_table(results: BenchResults) -> tuple[list[str], list[list[str]]]:
    """A row per cell; data set and seed only where there are several, `review` only with a review band."""
    rows = results.rows
    several = [name for name in ("dataset", "seed") if len({getattr(row, name) for row in rows}) > 1]
    metrics = _metric_titles(rows)
    has_band = any(row.reviews is not None for row in rows)
    titles = [*several, "category", "detector", *metrics.values(), "threshold", "false alarms", "misses"]
    titles += [*(["review"] if has_band else []), "fit s"]
    return titles, [_cells_row(row, several, list(metrics), has_band=has_band) for row in rows]


def _cells_row(row: Row, several: Sequence[str], metrics: Sequence[str], *, has_band: bool) -> list[str]:
    return [
        *(str(getattr(row, name)) for name in several),
        row.category,
        row.detector,
        *(_metric(row, name) for name in metrics),
        NONE if row.threshold is None else f"{row.threshold:.4g}",
        _share(row.false_alarms, row.normal_count),
        _share(row.misses, row.anomaly_count),
        *([_review(row)] if has_band else []),
        NONE if row.fit_seconds is None else f"{row.fit_seconds:.1f}",
    ]


def _metric(row: Row, name: str) -> str:
    """Return a number, image AUROC with its interval."""
    if name == "image_auroc":
        return with_interval(row.image_auroc, row.image_auroc_low, row.image_auroc_high)
    return number(getattr(row, name))


def _review(row: Row) -> str:
    """Return `10/14 + 32/40`, as training does."""
    if row.reviews is None:
        return NONE
    normal = _share(row.review_normal, row.normal_count)
    return f"{normal} + {_share(row.review_anomalous, row.anomaly_count)}"


def _means_table(results: BenchResults) -> tuple[list[str], list[list[str]]]:
    several = len({means.dataset for means in results.means}) > 1
    seeds = max((len(means.seeds) for means in results.means), default=0)
    title = "mean over categories" + (f", ± std over {seeds} seeds" if seeds > 1 else "")
    metrics = _metric_titles(results.rows)
    return [*(["dataset"] if several else []), title, *metrics.values()], [
        [*([means.dataset] if several else []), means.detector, *(_mean(means, name) for name in metrics)]
        for means in results.means
    ]


def _mean(means: DetectorMeans, metric: str) -> str:
    """Return `0.9812 ± 0.0040 (3 of 5)`: the share where categories are missing, the spread over seeds."""
    mean: Mean = means.means[metric]
    text = number(mean.value)
    if mean.std is not None:
        text += f" ± {mean.std:.4f}"
    if 0 < len(mean.categories) < means.category_count:
        text += f" ({len(mean.categories)} of {means.category_count})"
    return text


def _share(part: int | None, whole: int | None) -> str:
    return NONE if part is None else f"{part}/{whole}"


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_escape, line))} |" for line in lines)


def _escape(text: str) -> str:
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = "; ".join(f"{name}: {reason}" for name, reason in value.items())
    if isinstance(value, str):
        value = _LINE_ENDS.sub(" ", value)
        return f"'{value}" if _FORMULA.match(value) else value
    return repr(value) if isinstance(value, float) else value
