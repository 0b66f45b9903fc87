"""The page: its head, the overview of all categories, a section for each, and the environment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_core.words import REVIEW_LEGEND, counted, number, reviewed, with_interval
from pyimgano_workbench.html._category import category_section, issues_table
from pyimgano_workbench.html._style import STYLE
from pyimgano_workbench.html._table import facts_below, folded, table

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import CategoryReport, RunReport

_MEANS = ("auroc", "average_precision", "pixel_auroc", "aupro", "aupimo")
_HEADER = (
    "category",
    "AUROC",
    "AP",
    "pixel AUROC",
    "AUPRO",
    "AUPIMO",
    "false alarms",
    "misses",
)
_REVIEW = "review"


def render_html(report: RunReport, folder: Path) -> str:
    """Return the page of a run whose files stand in `folder`."""
    title = f"{report.model} on {report.dataset}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _facts(report),
        _overview(report),
        issues_table(report.issues),
        *(category_section(category, folder) for category in report.per_category.values()),
        _failed_categories(report.failed_categories),
        folded("Environment", table(("what", "value"), facts_below("", report.environment), "words")),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _facts(report: RunReport) -> str:
    height, width = report.resize
    facts = (
        report.timestamp_utc,
        f"pyimgano {report.pyimgano_version}",
        f"seed {report.seed}",
        f"{height} x {width} px",
    )
    return f'<p class="muted">{escape(" · ".join(facts))}</p>'


def _overview(report: RunReport) -> str:
    categories = report.per_category.values()
    has_band = any(category.results.review is not None for category in categories)
    header = (*_HEADER, _REVIEW) if has_band else _HEADER
    rows = [_overview_row(category)[: len(header)] for category in categories]
    if len(rows) > 1:
        means = [number(report.mean_metrics.get(name)) for name in _MEANS]
        rows.append(["mean", *means, *[""] * (len(header) - len(means) - 1)])
    legend = f'<p class="muted">{escape(REVIEW_LEGEND)}.</p>' if has_band else ""
    return table(header, rows) + legend


def _overview_row(report: CategoryReport) -> list[str]:
    results, pixel = report.results, report.results.pixel_metrics
    found = results.auroc_interval
    ends = (None, None) if found is None else (found.low, found.high)
    return [
        report.category,
        with_interval(results.auroc, *ends),
        number(results.average_precision),
        number(pixel.pixel_auroc if pixel else None),
        number(pixel.aupro if pixel else None),
        number(pixel.aupimo if pixel else None),
        counted(results.false_alarm_rate),
        counted(results.miss_rate),
        reviewed(results.review),
    ]


def _failed_categories(failed: dict[str, str]) -> str:
    rows = [[name, message] for name, message in failed.items()]
    title = '<h2 class="bad">Categories that failed</h2>'
    return title + table(("category", "why"), rows, "words") if rows else ""
