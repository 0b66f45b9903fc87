"""The page: its head, the overview of all categories, a section for each, and the environment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_core.words import images_in_words
from pyimgano_workbench.html._category import category_section, issues_table
from pyimgano_workbench.html._overview import overview
from pyimgano_workbench.html._style import STYLE
from pyimgano_workbench.html._table import facts_below, folded, table

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import ParentRun, RunReport

_ROOM = 6_000_000  # characters for all pictures
_MOST_NAMES = 3


def render_html(report: RunReport, folder: Path) -> str:
    """Return the page of a run whose files stand in `folder`."""
    title = _title(report)
    room = _ROOM // max(1, len(report.per_category))
    parts = [
        f"<header><h1>{escape(title)}</h1>{_facts(report)}</header>",
        _failed_categories(report.failed_categories),
        f"<h2>All categories</h2>{overview(report)}" if len(report.per_category) > 1 else overview(report),
        issues_table(report.issues),
        *(category_section(category, folder, room) for category in report.per_category.values()),
        "<h2>The run</h2>",
        folded("Environment", table(("what", "value"), facts_below("", report.environment), "words")),
        folded("Seconds", table(("step", "seconds"), facts_below("", report.seconds))),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _title(report: RunReport) -> str:
    """Return the detector and its data; of a manifest, a few categories say more than that it is one."""
    by_category = report.dataset == "manifest" and len(report.categories) <= _MOST_NAMES
    return f"{report.model} on {', '.join(report.categories) if by_category else report.dataset}"


def _facts(report: RunReport) -> str:
    height, width = report.resize
    facts = (
        report.timestamp_utc,
        f"pyimgano {report.pyimgano_version}",
        f"seed {report.seed}",
        f"{height} x {width} px",
        *_update_in_words(report.parent),
    )
    return f'<p class="muted">{escape(" · ".join(facts))}</p>'


def _update_in_words(parent: ParentRun | None) -> list[str]:
    """Say what an update added to which run."""
    if parent is None:
        return []
    added = ", ".join(f"{images_in_words(count)} to {name}" for name, count in parent.added.items())
    return [f"update of {parent.name} (report {parent.report_sha256[:12]}): {added}"]


def _failed_categories(failed: dict[str, str]) -> str:
    rows = [[name, message] for name, message in failed.items()]
    title = '<h2 class="bad">Categories that failed</h2>'
    return title + table(("category", "why"), rows, "words") if rows else ""
