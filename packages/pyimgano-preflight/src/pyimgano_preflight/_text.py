"""The report for people: grouped and counted, the first of many, and one line at the end that decides."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from pyimgano_core.cli.app import format_issue, format_table
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.words import images_in_words, number_of
from pyimgano_preflight._select import NOT_SELECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport, ReportedIssue

_EXAMPLES = 5
_HEADER = ("category", "train", "calibration", "from", "test", "anomalous", "masks", "pixel metrics")
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def render_report(report: PreflightReport, *, colour: bool = False) -> str:
    """Return the report as text, with the escapes of a terminal where `colour` is wanted."""
    told = [_issues(report, colour=colour), [_categories(report.categories)], [unchecked(report)]]
    parts = ["\n".join(filter(None, part)) for part in told]
    return "\n\n".join([*filter(None, parts), verdict(report)])


def concise_lines(report: PreflightReport, issues: Iterable[ReportedIssue]) -> Iterator[str]:
    """Yield one line for each issue that is not known, and the verdict."""
    for issue in issues:
        if not issue.known:
            yield printable(format_issue(issue))
    yield from filter(None, [unchecked(report)])
    yield verdict(report)


def render_statistics(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return how often each rule found something, the most frequent first."""
    counts: dict[tuple[str, str, str], int] = {}
    for issue in issues:
        key = (issue.code, issue.severity, issue.name)
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    table = format_table(("count", "code", "severity", "name"), [(str(n), *key) for key, n in ordered])
    return "\n\n".join([*([table] if counts else []), verdict(report)])


def unchecked(report: PreflightReport) -> str:
    """Return one line on what the profile left out, empty where that is nothing or there is no image."""
    if not report.dataset.get("counts", {}).get("samples"):
        return ""
    reasons = [check for check in report.checks if (check.reason or "").startswith("needs the profile ")]
    if not reasons:
        return ""
    profiles = [(check.reason or "").rpartition(" ")[2] for check in reasons]
    deepest = "deep" if "deep" in profiles else "standard"
    rules = number_of(len(reasons), "rule")
    codes = ", ".join(check.code for check in reasons)
    return f"not checked in the profile {report.profile}: {rules} ({codes}); --profile {deepest} does"


def verdict(report: PreflightReport) -> str:
    """Return the line that decides: what counts, and whether training can start."""
    counts, known = report.summary["by_severity"], report.summary["known_by_severity"]
    fresh = {severity: counts[severity] - known[severity] for severity in Severity}
    found = ", ".join(
        number_of(fresh[severity], word)
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    )
    images = report.dataset.get("counts", {}).get("samples")
    among = "" if images is None else f" in {images_in_words(images)}"
    old = f", and {sum(known.values())} known" if any(known.values()) else ""
    return f"{found}{old}{among}: {_advice(report, fresh)}"


def _advice(report: PreflightReport, fresh: dict[Severity, int]) -> str:
    if not report.complete:
        return "the check was interrupted, run it again"
    if fresh[Severity.ERROR]:
        return "mend the errors before training"
    if report.summary["by_severity"][Severity.ERROR]:
        return "the known errors keep training from starting"
    if any(check.reason == NOT_SELECTED for check in report.checks):
        return "the selected rules found none that keeps training from starting"
    return "training can start"


def printable(text: str) -> str:
    """Return the text with what moves a cursor or ends a line escaped, as file names may hold anything."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def _issues(report: PreflightReport, *, colour: bool) -> Iterator[str]:
    for severity in Severity:
        of_severity = [issue for issue in report.issues if issue.severity is severity]
        for code, group in groupby(of_severity, key=lambda issue: issue.code):
            issues = list(group)
            count = _count(report, code, issues)
            head = f"{severity} {code} {issues[0].name}"
            yield f"{click.style(head, fg=_COLOURS[severity], bold=True) if colour else head}: {count}"
            yield from (f"  {_line(issue)}" for issue in issues[:_EXAMPLES])
            if count > _EXAMPLES:
                yield f"  … and {count - min(_EXAMPLES, len(issues))} more"


def _count(report: PreflightReport, code: str, listed: list[ReportedIssue]) -> int:
    """Return how many issues of a code there are; a code with two severities counts what is listed."""
    same_code = sum(issue.code == code for issue in report.issues)
    return report.summary["by_code"][code] - same_code + len(listed)


def _line(issue: ReportedIssue) -> str:
    text = f"{issue.message} (known)" if issue.known else issue.message
    return printable(f"{_place(issue)}{text}")


def _place(issue: Issue) -> str:
    location = issue.location
    if location is None or location.manifest is None:
        return ""
    return f"{location.manifest}:{location.line}: " if location.line else f"{location.manifest}: "


def _categories(categories: tuple[CategorySummary, ...]) -> str:
    if not categories:
        return ""
    return format_table(_HEADER, [_row(category) for category in categories])


def _row(category: CategorySummary) -> tuple[str, ...]:
    gate = category.pixel_metrics_status
    return (
        printable(category.category),
        str(category.train_count),
        str(category.calibration_count),
        category.calibration_source.replace("_", " "),
        str(category.test_count),
        str(category.test_anomaly_count),
        str(category.mask_count),
        "on" if gate.enabled else f"off: {gate.reason}",
    )
