"""Results as tables: for the terminal, and as Markdown and CSV files. All come from the same document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.environment import origin_in_words
from pyimgano_bench.formats import csv_table, escape_markdown, markdown_table
from pyimgano_bench.notes import means_remarks, trial_in_words
from pyimgano_bench.references import TITLE, WARNING, mean_table
from pyimgano_bench.rows import Row
from pyimgano_core.cli.app import format_table
from pyimgano_core.words import NONE, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_bench.references import Published
    from pyimgano_bench.results import BenchResults, DetectorMeans

_TITLES = {
    "image_auroc": "AUROC",
    "image_ap": "AP",
    "image_f1_max": "F1-max",
    "pixel_auroc": "px AUROC",
    "aupro": "AUPRO",
}
FAILED = "failed"


def text_report(results: BenchResults, published: Sequence[Published] = ()) -> str:
    """Return the tables and notes for a terminal, with what others published where it is given."""
    trial = [] if results.trial is None else [trial_in_words(results.trial)]
    parts = [*trial, format_table(*_cells_table(results)), format_table(*_means_table(results))]
    parts += [f"{TITLE}, {each.dataset}: {WARNING}\n{format_table(*mean_table(each))}" for each in published]
    notes = [*trial, *means_remarks(results), *results.notes]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts)


def markdown_report(results: BenchResults, published: Sequence[Published] = ()) -> str:
    """Return the tables and notes as a Markdown document, with what others published where it is given."""
    parts = ["# Benchmark"]
    if results.trial is not None:
        parts.append(f"**{escape_markdown(trial_in_words(results.trial))}**")
    parts += [
        markdown_table(*_cells_table(results)),
        "## Macro means over the categories that all detectors share",
        markdown_table(*_means_table(results)),
    ]
    for each in published:
        title = f"## {TITLE}: {escape_markdown(each.dataset)}"
        parts += [
            title,
            escape_markdown(f"{WARNING[0].upper()}{WARNING[1:]}."),
            markdown_table(*mean_table(each)),
        ]
    if notes := [*means_remarks(results), *results.notes]:
        parts += ["## Notes", "\n".join(f"- {escape_markdown(note)}" for note in notes)]
    parts.append(escape_markdown(origin_in_words(results.timestamp_utc, results.machine, results.versions)))
    return "\n\n".join(parts) + "\n"


def csv_report(results: BenchResults) -> str:
    """Return a line per cell with all its fields; what is undefined is empty."""
    return csv_table(Row, results.rows)


def metric_titles(rows: Sequence[Row]) -> dict[str, str]:
    """Return the title of each metric with its limit; AU-sPRO only where it was asked for."""
    limits = {row.aupro_limit for row in rows if row.aupro_limit is not None}
    limit = f"@{limits.pop():g}" if len(limits) == 1 else ""
    titles = {**_TITLES, "aupro": f"{_TITLES['aupro']}{limit}"}
    if any(row.saturation is not None for row in rows):
        titles["au_spro"] = f"AU-sPRO{limit}"
    return titles


def verdict_titles(rows: Sequence[Row]) -> list[str]:
    """Return the titles of `verdicts`; `review` only with a review band."""
    band = ["review"] if any(row.reviews is not None for row in rows) else []
    return ["threshold", "false alarms", "misses", *band, "fit s"]


def verdicts(row: Row, *, has_band: bool) -> list[str]:
    """Return what the deployed threshold of a cell does, and the seconds of its fit."""
    return [
        NONE if row.threshold is None else f"{row.threshold:.4g}",
        _share(row.false_alarms, row.normal_count),
        _share(row.misses, row.anomaly_count),
        *([_review(row)] if has_band else []),
        number(row.fit_seconds, 1),
    ]


def _cells_table(results: BenchResults) -> tuple[list[str], list[list[str]]]:
    """A row per cell; data set and seed only where there are several."""
    rows = results.rows
    several = [name for name in ("dataset", "seed") if len({getattr(row, name) for row in rows}) > 1]
    metrics, ending = metric_titles(rows), verdict_titles(rows)
    lines = [
        [
            *(str(getattr(row, name)) for name in several),
            row.category,
            row.detector,
            *_metrics(row, list(metrics)),
            *verdicts(row, has_band="review" in ending),
        ]
        for row in rows
    ]
    return [*several, "category", "detector", *metrics.values(), *ending], lines


def _metrics(row: Row, names: Sequence[str]) -> list[str]:
    """Return the metrics of a cell, image AUROC with its interval; a failed cell says so in the first."""
    if row.status == "failed":
        return [FAILED, *[NONE] * (len(names) - 1)]
    auroc = with_interval(row.image_auroc, row.image_auroc_low, row.image_auroc_high)
    return [auroc if name == "image_auroc" else number(getattr(row, name)) for name in names]


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
    metrics = metric_titles(results.rows)
    return [*(["dataset"] if several else []), title, *metrics.values()], [
        [*([means.dataset] if several else []), means.detector, *(_mean(means, name) for name in metrics)]
        for means in results.means
    ]


def _mean(means: DetectorMeans, metric: str) -> str:
    """Return `0.9812 [.970, .991] ± 0.0040 (3 of 5)`: interval, spread over seeds, categories."""
    mean = means.means[metric]
    text = number(mean.value)
    if metric == "image_auroc":
        text = with_interval(mean.value, mean.low, mean.high)
    if mean.std is not None:
        text += f" ± {mean.std:.4f}"
    if 0 < len(mean.categories) < means.category_count:
        text += f" ({len(mean.categories)} of {means.category_count})"
    return text


def _share(part: int | None, whole: int | None) -> str:
    return NONE if part is None else f"{part}/{whole}"
