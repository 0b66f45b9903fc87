"""The page: its head, the overview of all categories, a section for each, and the environment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_workbench.formats import NONE, count_of, interval, number
from pyimgano_workbench.html._category import category_section, issues_table
from pyimgano_workbench.html._style import STYLE
from pyimgano_workbench.html._table import facts_below, folded, table

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import CategoryReport, RunReport

_MEANS = ("auroc", "", "average_precision", "pixel_auroc", "aupro", "aupimo")
_HEADER = (
    "category",
    "AUROC",
    "interval",
    "AP",
    "pixel AUROC",
    "AUPRO",
    "AUPIMO",
    "false alarms",
    "misses",
)


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
    rows = [_overview_row(category) for category in report.per_category.values()]
    if len(rows) > 1:
        mean = report.mean_metrics
        rows.append(["mean", *(number(mean.get(name)) if name else "" for name in _MEANS), "", ""])
    return table(_HEADER, rows)


def _overview_row(report: CategoryReport) -> list[str]:
    results, pixel = report.results, report.results.pixel_metrics
    rates = (results.false_alarm_rate, results.miss_rate)
    return [
        report.category,
        number(results.auroc),
        interval(results.auroc_interval),
        number(results.average_precision),
        number(pixel.pixel_auroc if pixel else None),
        number(pixel.aupro if pixel else None),
        number(pixel.aupimo if pixel else None),
        *(NONE if rate is None else count_of(rate) for rate in rates),
    ]


def _failed_categories(failed: dict[str, str]) -> str:
    rows = [[name, message] for name, message in failed.items()]
    title = '<h2 class="bad">Categories that failed</h2>'
    return title + table(("category", "why"), rows, "words") if rows else ""
