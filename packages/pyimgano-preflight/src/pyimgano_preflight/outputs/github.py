"""GitHub's workflow commands and step summary: one annotation per rule, as a step shows ten of each kind.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import ReportedIssue
from pyimgano_preflight._text import printable, unchecked, verdict
from pyimgano_preflight.outputs._places import path_from_here
from pyimgano_preflight.rules import find_rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_MOST = 10


@define
class _Found:
    """The first new issue of a code and a severity, and how many there are."""

    first: ReportedIssue
    count: int = 0


def render_commands(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return workflow commands for what is not known, and the verdict for the log."""
    found = _by_severity(issues)
    lines = [_command(each) for of_severity in found.values() for each in islice(of_severity, _MOST)]
    return "\n".join([*lines, verdict(report)])


def render_summary(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return the step summary, as Markdown."""
    parts = [
        "## Preflight",
        verdict(report),
        _found_table(issues),
        _categories(report.categories),
        unchecked(report),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _by_severity(issues: Iterable[ReportedIssue]) -> dict[Severity, Collection[_Found]]:
    """Return what is new of each severity, by code; the worst come first."""
    found: dict[Severity, dict[str, _Found]] = {severity: {} for severity in Severity}
    for issue in issues:
        if not issue.known:
            found[issue.severity].setdefault(issue.code, _Found(issue)).count += 1
    return {severity: of_severity.values() for severity, of_severity in found.items()}


def _command(found: _Found) -> str:
    """Return one command for all issues of a code, at the first."""
    first = found.first
    properties = ",".join(_properties(first, f"{first.code} {first.name}"))
    others = f"{found.count} found, such as: " if found.count > 1 else ""
    return f"::{_COMMANDS[first.severity]} {properties}::{_data(others + first.message)}"


def _properties(issue: ReportedIssue, title: str) -> Iterator[str]:
    location = issue.location
    if location is not None and location.manifest is not None:
        yield f"file={_property(path_from_here(location.manifest))}"
        if location.line:
            yield f"line={location.line}"
    yield f"title={_property(title)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _found_table(issues: Iterable[ReportedIssue]) -> str:
    rows = [
        (str(severity), each.first.code, each.first.name, str(each.count), each.first.message, _remedy(each))
        for severity, of_severity in _by_severity(issues).items()
        for each in of_severity
    ]
    return _table(("severity", "code", "name", "count", "first", "what to do"), rows) if rows else ""


def _remedy(found: _Found) -> str:
    rule = find_rule(found.first.code)
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
