"""The overview of all categories: a row each, which becomes a card where the page is narrow."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_core.words import NONE, REVIEW_LEGEND, counted, number, reviewed, with_interval

if TYPE_CHECKING:
    from pyimgano_core.contracts.report import CategoryReport, RunReport

_MEANS = ("auroc", "average_precision", "pixel_auroc", "aupro", "aupimo")
_HEADER = (
    "AUROC",
    "AP",
    "pixel AUROC",
    "AUPRO",
    "AUPIMO",
    "false alarms",
    "misses",
)


def overview(report: RunReport) -> str:
    """Return a row per category, linked to its section, and the macro average of several."""
    categories = report.per_category.values()
    has_band = any(category.results.review is not None for category in categories)
    header = (*_HEADER, "review") if has_band else _HEADER
    rows = [_row(_link(category), header, _cells(category)) for category in categories]
    if len(rows) > 1:
        means = [number(report.mean_metrics.get(name)) for name in _MEANS]
        rows.append(_row("mean", header, means))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("category", *header))
    legend = f'<p class="muted">{escape(REVIEW_LEGEND)}.</p>' if has_band else ""
    return (
        f'<table class="cards"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>{legend}'
    )


def _link(report: CategoryReport) -> str:
    return f'<a href="#{escape(report.slug)}">{escape(report.category)}</a>'


def _row(name: str, header: tuple[str, ...], cells: list[str]) -> str:
    filled = [*cells, *[""] * (len(header) - len(cells))]
    named = "".join(
        f'<td data-name="{title}">{escape(cell)}</td>' if cell else "<td></td>"
        for title, cell in zip(header, filled, strict=False)
    )
    return f'<tr><th scope="row">{name}</th>{named}</tr>'


def _cells(report: CategoryReport) -> list[str]:
    results, pixel = report.results, report.results.pixel_metrics
    found = results.auroc_interval
    ends = (None, None) if found is None else (found.low, found.high)
    return [
        with_interval(results.auroc, *ends),
        number(results.average_precision),
        number(pixel.pixel_auroc if pixel else None),
        number(pixel.aupro if pixel else None),
        number(pixel.aupimo if pixel else None),
        counted(results.false_alarm_rate),
        counted(results.miss_rate),
        reviewed(results.review) or NONE,
    ]
