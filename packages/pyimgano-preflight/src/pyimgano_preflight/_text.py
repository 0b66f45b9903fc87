"""The report for people: grouped and counted, the first of many, and one line at the end that decides."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table
from pyimgano_core.contracts.issue import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport
    from pyimgano_preflight.rules import Rule

_EXAMPLES = 5
_HEADER = ("category", "train", "calibration", "from", "test", "anomalous", "masks", "pixel metrics")


def render_report(report: PreflightReport) -> str:
    """Return the report as text."""
    parts = ["\n".join(_issues(report)), _categories(report.categories), _verdict(report)]
    return "\n\n".join(part for part in parts if part)


def render_rules(rules: tuple[Rule, ...]) -> str:
    """Return one line per rule."""
    return format_table(
        ("code", "severity", "name"), [(rule.code, rule.severity, rule.name) for rule in rules]
    )


def render_rule(rule: Rule) -> str:
    """Return what a rule means and how to mend its fault."""
    names = ", ".join((rule.name, *rule.other_names))
    return f"{rule.code} {names} ({rule.severity})\n\n{rule.meaning}\n\nTo mend it: {rule.remedy}"


def _issues(report: PreflightReport) -> Iterator[str]:
    for severity in Severity:
        of_severity = [issue for issue in report.issues if issue.severity is severity]
        for code, group in groupby(of_severity, key=lambda issue: issue.code):
            issues = list(group)
            count = _count(report, code, issues)
            yield f"{severity} {code} {issues[0].name}: {count}"
            yield from (f"  {_line(issue)}" for issue in issues[:_EXAMPLES])
            if count > _EXAMPLES:
                yield f"  … and {count - min(_EXAMPLES, len(issues))} more"


def _count(report: PreflightReport, code: str, listed: list[Issue]) -> int:
    """Return how many issues of a code there are; a code with two severities counts what is listed."""
    same_code = sum(issue.code == code for issue in report.issues)
    return report.summary["by_code"][code] - same_code + len(listed)


def _line(issue: Issue) -> str:
    location = issue.location
    if location is None or location.manifest is None:
        return issue.message
    line = f":{location.line}" if location.line else ""
    return f"{location.manifest}{line}: {issue.message}"


def _categories(categories: tuple[CategorySummary, ...]) -> str:
    if not categories:
        return ""
    return format_table(_HEADER, [_row(category) for category in categories])


def _row(category: CategorySummary) -> tuple[str, ...]:
    gate = category.pixel_metrics_status
    return (
        category.category,
        str(category.train_count),
        str(category.calibration_count),
        category.calibration_source.replace("_", " "),
        str(category.test_count),
        str(category.test_anomaly_count),
        str(category.mask_count),
        "on" if gate.enabled else f"off: {gate.reason}",
    )


def _verdict(report: PreflightReport) -> str:
    counts = report.summary["by_severity"]
    found = ", ".join(
        f"{counts[severity]} {word}{'' if counts[severity] == 1 else 's'}"
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    )
    advice = "mend the errors before training" if counts[Severity.ERROR] else "training can start"
    images = report.dataset.get("counts", {}).get("samples")
    among = "" if images is None else f" in {images} images"
    return f"{found}{among}: {advice}"
