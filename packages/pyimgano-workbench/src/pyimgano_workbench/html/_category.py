"""The section of one category: words first, then pictures and tables, then where it all comes from."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pyimgano_core.words import (
    images_in_words,
    pixel_threshold_in_words,
    review_in_words,
    score_remarks,
    threshold_in_words,
)
from pyimgano_workbench.html._confusion import confusion_table
from pyimgano_workbench.html._curves import curve_figures
from pyimgano_workbench.html._drift import drift_section
from pyimgano_workbench.html._histogram import score_histogram
from pyimgano_workbench.html._images import calibration_images
from pyimgano_workbench.html._metrics import metrics_table, oracles_table
from pyimgano_workbench.html._pictures import Album, worst_section
from pyimgano_workbench.html._precision import precision_table
from pyimgano_workbench.html._provenance import provenance_table
from pyimgano_workbench.html._table import facts_below, folded, table
from pyimgano_workbench.html._verdicts import verdicts_tables
from pyimgano_workbench.lines import CALIBRATION, TEST, group_count, read_lines, scored
from pyimgano_workbench.words import (
    calibration_in_words,
    counts_in_words,
    gate_in_words,
    inputs_in_words,
    parity_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.report import CategoryReport

_MOST = 50  # rows of failures or of issues


def category_section(report: CategoryReport, folder: Path, room: int) -> str:
    """Return the section of a category.

    Args:
        report: of the category.
        folder: the run directory, in which its lines, its sketch and its pictures stand.
        room: the characters that its pictures may take.
    """
    lines = read_lines(folder, report.slug, TEST)
    calibration = read_lines(folder, report.slug, CALIBRATION)
    album = Album.of(folder / "categories" / report.slug, room)
    parts = [
        f'<h2 id="{escape(report.slug)}">{escape(report.category)}</h2>',
        *(f"<p>{escape(paragraph)}</p>" for paragraph in _paragraphs(report, scored(calibration))),
        _charts(report, lines, folder),
        metrics_table(report.results, group_count(lines)),
        precision_table(report),
        confusion_table(report.results),
        verdicts_tables(report.results),
        worst_section(lines, report, album),
        drift_section(calibration, lines, report.threshold.value),
        oracles_table(report.results),
        calibration_images(calibration) if report.threshold.provenance.method != "fixed" else "",
        _failures(report),
        issues_table(report.issues),
        provenance_table(report),
        _model(report),
    ]
    return "\n".join(part for part in parts if part)


def _charts(report: CategoryReport, lines: list[dict[str, Any]], folder: Path) -> str:
    review = None if report.review_threshold is None else report.review_threshold.value
    charts = [score_histogram(lines, report.threshold.value, review), *curve_figures(lines, report, folder)]
    drawn = "".join(charts)
    return f'<h3>Scores and curves</h3><div class="charts">{drawn}</div>' if drawn else ""


def _paragraphs(report: CategoryReport, calibration: Sequence[tuple[str, float]]) -> Iterator[str]:
    yield counts_in_words(report.dataset_summary)
    yield from inputs_in_words(report)
    yield parity_in_words(report.parity)
    yield threshold_in_words(report.threshold)
    note = calibration_in_words(report, calibration)
    if note is not None:
        yield f"Note: {note}."
    if report.review_threshold is not None:
        yield review_in_words(report.review_threshold, report.threshold, report.results.review)
    yield gate_in_words(report.pixel_metrics_status)
    yield pixel_threshold_in_words(report.pixel_threshold, report.threshold)
    for remark in score_remarks(report.results):
        yield f"Note: {remark}."


def _failures(report: CategoryReport) -> str:
    count = len(report.failures)
    if not count:
        return ""
    rows = [[f.role, f.error.code, f.error.message] for f in report.failures[:_MOST]]
    title = f'<h3 class="bad">{images_in_words(count)} could not be used</h3>'
    return title + table(("role", "code", "message"), rows, "words") + _left_out(count)


def issues_table(issues: Sequence[Issue]) -> str:
    """Return what the data check said, or nothing."""
    rows = [[str(each.severity), f"{each.code} {each.name}", each.message] for each in issues[:_MOST]]
    found = table(("severity", "code", "message"), rows, "words") + _left_out(len(issues))
    return f"<h3>What the data check said</h3>{found}" if rows else ""


def _left_out(count: int) -> str:
    return f'<p class="muted">… and {count - _MOST} more: see report.json.</p>' if count > _MOST else ""


def _model(report: CategoryReport) -> str:
    rows = [
        ("checkpoint", f"{report.checkpoint.path} ({report.checkpoint.size_bytes} bytes)"),
        ("checkpoint sha256", report.checkpoint.sha256),
        ("data fingerprint", report.split_fingerprint.sha256),
        *facts_below("", report.detector),
    ]
    return folded("Model and data", table(("what", "value"), rows, "words"))
