"""GitHub's workflow commands and step summary: one annotation per rule, as a step shows ten of each kind.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pyimgano_core.contracts.issue import Severity
from pyimgano_preflight._text import printable, unchecked, verdict
from pyimgano_preflight.outputs._places import relative_path
from pyimgano_preflight.rules import find_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport, ReportedIssue

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_MOST = 10


def render_commands(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return workflow commands for what is not known, and the verdict for the log."""
    fresh = [issue for issue in issues if not issue.known]
    lines = [line for severity in Severity for line in _commands(fresh, severity)]
    return "\n".join([*lines, verdict(report)])


def render_summary(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return the step summary, as Markdown."""
    fresh = [issue for issue in issues if not issue.known]
    parts = [
        "## Preflight",
        verdict(report),
        _found(fresh),
        _categories(report.categories),
        unchecked(report),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _commands(issues: Sequence[ReportedIssue], severity: Severity) -> Iterator[str]:
    """Yield one command per code, at its first issue."""
    of_severity = [issue for issue in issues if issue.severity is severity]
    for number, (code, group) in enumerate(groupby(of_severity, key=lambda issue: issue.code)):
        if number < _MOST:
            of_code = list(group)
            first = of_code[0]
            properties = ",".join(_properties(first, f"{code} {first.name}"))
            others = f"{len(of_code)} found, such as: " if len(of_code) > 1 else ""
            yield f"::{_COMMANDS[severity]} {properties}::{_data(others + first.message)}"


def _properties(issue: ReportedIssue, title: str) -> Iterator[str]:
    location = issue.location
    if location is not None and location.manifest is not None:
        yield f"file={_property(relative_path(location.manifest))}"
        if location.line:
            yield f"line={location.line}"
    yield f"title={_property(title)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _found(issues: Sequence[ReportedIssue]) -> str:
    rows = [
        (str(severity), code, of_code[0].name, str(len(of_code)), of_code[0].message, _remedy(code))
        for severity in Severity
        for code, of_code in _by_code(issue for issue in issues if issue.severity is severity)
    ]
    return _table(("severity", "code", "name", "count", "first", "what to do"), rows) if rows else ""


def _by_code(issues: Iterable[ReportedIssue]) -> Iterator[tuple[str, list[ReportedIssue]]]:
    for code, group in groupby(issues, key=lambda issue: issue.code):
        yield code, list(group)


def _remedy(code: str) -> str:
    rule = find_rule(code)
    return "" if rule is None else rule.remedy


def _categories(categories: Sequence[CategorySummary]) -> str:
    rows = [
        (
            category.category,
            str(category.train_count),
            str(category.calibration_count),
            str(category.test_count),
            str(category.test_anomaly_count),
            str(category.mask_count),
            "on" if category.pixel_metrics_status.enabled else f"off: {category.pixel_metrics_status.reason}",
        )
        for category in categories
    ]
    header = ("category", "train", "calibration", "test", "anomalous", "masks", "pixel metrics")
    return _table(header, rows) if rows else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Return text that Markdown shows as it is."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for sign in "|`*_[]":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
