"""The categories of a data set: image AUROC of all detectors at a glance, then each cell, folded."""

from __future__ import annotations

from html import escape
from statistics import fmean
from typing import TYPE_CHECKING

from pyimgano_bench.leaderboard._html import Html, folded, paragraph, table
from pyimgano_bench.tables import FAILED, verdict_titles, verdicts
from pyimgano_core.words import NONE, number, number_of, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_bench.leaderboard._html import Cell
    from pyimgano_bench.rows import Row

_SAME = 5e-5  # values that agree as they are shown
_INTERVALS = ("image_auroc", "aupro")


def category_overview(rows: Sequence[Row]) -> str:
    """Return a line per category and a column per detector: the mean image AUROC over the seeds."""
    detectors = list(dict.fromkeys(row.detector for row in rows))
    lines = []
    for category in dict.fromkeys(row.category for row in rows):
        own = [
            [row for row in rows if (row.category, row.detector) == (category, name)] for name in detectors
        ]
        values = [_mean(each) for each in own]
        best = max((value for value in values if value is not None), default=None)
        shown = [_shown(each, value, best) for each, value in zip(own, values, strict=True)]
        lines.append([category, *shown])
    several = len({row.seed for row in rows}) > 1
    text = f"Image AUROC{', mean over seeds' if several else ''}; the best of a category is bold."
    return paragraph(text, "muted") + table(["category", *detectors], lines)


def category_details(rows: Sequence[Row], titles: Mapping[str, str]) -> str:
    """Return a folded part per category with a line per detector and seed."""
    ending, order = verdict_titles(rows), list(dict.fromkeys(row.detector for row in rows))
    header = ["detector", "seed", *titles.values(), *ending]
    parts = []
    for category in dict.fromkeys(row.category for row in rows):
        own = sorted(
            (row for row in rows if row.category == category), key=lambda row: order.index(row.detector)
        )
        lines = [_line(row, list(titles), has_band="review" in ending) for row in own]
        failed = sum(row.status == FAILED for row in own)
        mark = f" ({failed} of {number_of(len(own), 'cell')} failed)" if failed else ""
        parts.append(folded(f"{category}{mark}", table(header, lines)))
    return "\n".join(parts)


def _mean(rows: Sequence[Row]) -> float | None:
    """Return the mean over seeds, None where one has no value."""
    values = [row.image_auroc for row in rows if row.image_auroc is not None]
    return fmean(values) if values and len(values) == len(rows) else None


def _shown(rows: Sequence[Row], value: float | None, best: float | None) -> Cell:
    if value is None or best is None:
        return Html(f'<span class="bad">{FAILED}</span>') if any(r.status == FAILED for r in rows) else NONE
    return Html(f"<b>{number(value)}</b>") if value > best - _SAME else number(value)


def _line(row: Row, metrics: Sequence[str], *, has_band: bool) -> list[Cell]:
    if row.status == FAILED:
        return [row.detector, str(row.seed), _failure(row)]
    return [
        row.detector,
        str(row.seed),
        *(_metric(row, name) for name in metrics),
        *verdicts(row, has_band=has_band),
    ]


def _failure(row: Row) -> Html:
    return Html(f'<span class="bad">{FAILED}: {escape(row.error or "no result")}</span>')


def _metric(row: Row, name: str) -> str:
    if name not in _INTERVALS:
        return number(getattr(row, name))
    return with_interval(*(getattr(row, f"{name}{end}") for end in ("", "_low", "_high")))
