"""The section of one category: words first, then pictures and tables, then where it all comes from."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_core.words import (
    images_in_words,
    outlier_in_words,
    pixel_threshold_in_words,
    review_in_words,
    score_remarks,
    threshold_in_words,
)
from pyimgano_workbench.html._images import calibration_images, histogram, worst_images
from pyimgano_workbench.html._metrics import metrics_table, oracles_table
from pyimgano_workbench.html._provenance import provenance_table
from pyimgano_workbench.html._table import facts_below, folded, table
from pyimgano_workbench.html._verdicts import verdicts_tables
from pyimgano_workbench.lines import CALIBRATION, TEST, group_count, read_lines, scored
from pyimgano_workbench.words import counts_in_words, gate_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.report import CategoryReport


def category_section(report: CategoryReport, folder: Path) -> str:
    """Return the section of a category whose lines stand in the run directory `folder`."""
    lines = read_lines(folder, report.slug, TEST)
    calibration = read_lines(folder, report.slug, CALIBRATION)
    parts = [
        f"<h2>{escape(report.category)}</h2>",
        *(f"<p>{escape(paragraph)}</p>" for paragraph in _paragraphs(report, scored(calibration))),
        histogram(lines, report),
        metrics_table(report.results, group_count(lines)),
        verdicts_tables(report.results),
        oracles_table(report.results),
        worst_images(lines, "The highest-scored normal images", y_true=0),
        worst_images(lines, "The lowest-scored anomalous images", y_true=1),
        calibration_images(calibration) if report.threshold.provenance.method != "fixed" else "",
        _failures(report),
        issues_table(report.issues),
        provenance_table(report),
        _model(report),
    ]
    return "\n".join(part for part in parts if part)


def _paragraphs(report: CategoryReport, calibration: Sequence[tuple[str, float]]) -> Iterator[str]:
    yield counts_in_words(report.dataset_summary)
    yield threshold_in_words(report.threshold)
    outlier = outlier_in_words(calibration)
    if outlier is not None and report.threshold.provenance.method != "fixed":
        yield f"Note: {outlier}."
    if report.review_threshold is not None:
        yield review_in_words(report.review_threshold, report.threshold, report.results.review)
    yield gate_in_words(report.pixel_metrics_status)
    yield pixel_threshold_in_words(report.pixel_threshold, report.threshold)
    for remark in score_remarks(report.results):
        yield f"Note: {remark}."


def _failures(report: CategoryReport) -> str:
    rows = [[f.role, f.error.code, f.error.message] for f in report.failures]
    if not rows:
        return ""
    title = f'<h3 class="bad">{images_in_words(len(rows))} could not be used</h3>'
    return title + table(("role", "code", "message"), rows, "words")


def issues_table(issues: Iterable[Issue]) -> str:
    """Return what the data check said, or nothing."""
    rows = [[str(issue.severity), f"{issue.code} {issue.name}", issue.message] for issue in issues]
    found = table(("severity", "code", "message"), rows, "words")
    return f"<h3>What the data check said</h3>{found}" if rows else ""


def _model(report: CategoryReport) -> str:
    rows = [
        ("checkpoint", f"{report.checkpoint.path} ({report.checkpoint.size_bytes} bytes)"),
        ("checkpoint sha256", report.checkpoint.sha256),
        ("data fingerprint", report.split_fingerprint.sha256),
        *facts_below("", report.detector),
    ]
    return folded("Model and data", table(("what", "value"), rows, "words"))
