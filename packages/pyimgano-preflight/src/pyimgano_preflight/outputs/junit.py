"""JUnit XML, which every CI server lists: a test case per rule, and per category where it found something.

An error or a warning is a failure, a fault of the run itself an error; a rule that was not applied is
skipped. What a baseline holds, and information, passes and is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pyimgano_core.cli.app import format_issue
from pyimgano_core.contracts.issue import Severity
from pyimgano_preflight._text import printable
from pyimgano_preflight.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.preflight import CheckState, PreflightReport, ReportedIssue

_OF_THE_RUN = frozenset({"PF901", "PF905"})
_WHOLE = "data set"
_LINES = 20


def render_junit(report: PreflightReport, issues: Sequence[ReportedIssue]) -> str:
    """Return the XML document.

    Args:
        report: the report.
        issues: all issues.
    """
    found: dict[tuple[str, str], list[ReportedIssue]] = {}
    for issue in issues:
        found.setdefault((issue.code, issue.category or _WHOLE), []).append(issue)
    suite = Element("testsuite", name="pyimgano-preflight")
    states = {check.code: check for check in report.checks}
    for rule in load_rules():
        title = f"{rule.code} {rule.name}"
        groups = {category: of for (code, category), of in found.items() if code == rule.code}
        for category, of_category in sorted(groups.items()):
            _add_found(SubElement(suite, "testcase", classname=printable(category), name=title), of_category)
        if not groups and rule.code in states:
            _add_silent(SubElement(suite, "testcase", classname=_WHOLE, name=title), states[rule.code])
    _count(suite)
    suites = Element("testsuites", name="pyimgano-preflight")
    suites.append(suite)
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode")


def _add_found(case: Element, issues: Sequence[ReportedIssue]) -> None:
    counted = [issue for issue in issues if not issue.known and issue.severity is not Severity.INFO]
    if not counted:
        SubElement(case, "system-out").text = _lines(issues)
        return
    kind = "error" if counted[0].code in _OF_THE_RUN else "failure"
    first = printable(counted[0].message)
    message = first if len(counted) == 1 else f"{len(counted)} found, such as: {first}"
    SubElement(case, kind, type=str(counted[0].severity), message=message).text = _lines(counted)


def _add_silent(case: Element, check: CheckState) -> None:
    if check.state == "skipped":
        SubElement(case, "skipped", message=printable(check.reason or ""))


def _lines(issues: Sequence[ReportedIssue]) -> str:
    lines = [printable(format_issue(issue)) for issue in issues[:_LINES]]
    more = [f"… and {len(issues) - _LINES} more"] if len(issues) > _LINES else []
    return "\n".join([*lines, *more])


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in suite)))
