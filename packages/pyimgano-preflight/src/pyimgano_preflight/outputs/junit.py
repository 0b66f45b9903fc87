"""JUnit XML, which every CI server lists: a test case per rule, and per category where it found something.

An error or a warning is a failure, a fault of the run itself an error; a rule that was not applied is
skipped. What a baseline holds, and information, passes and is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from attrs import define, field

from pyimgano_core.cli.app import format_issue
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import ReportedIssue
from pyimgano_preflight._text import printable
from pyimgano_preflight.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.preflight import CheckState, PreflightReport

_OF_THE_RUN = frozenset({"PF901", "PF905"})
_WHOLE = "data set"
_LINES = 20


@define
class _Shown:
    """The first of some issues, and how many there are."""

    first: list[ReportedIssue] = field(factory=list)
    count: int = 0

    def add(self, issue: ReportedIssue) -> None:
        self.count += 1
        if len(self.first) < _LINES:
            self.first.append(issue)


@define
class _Found:
    """What a rule found in a category: what fails its case, and what passes."""

    failing: _Shown = field(factory=_Shown)
    passing: _Shown = field(factory=_Shown)

    def add(self, issue: ReportedIssue) -> None:
        passes = issue.known or issue.severity is Severity.INFO
        (self.passing if passes else self.failing).add(issue)


def render_junit(report: PreflightReport, issues: Iterable[ReportedIssue]) -> str:
    """Return the XML document.

    Args:
        report: the report.
        issues: all issues.
    """
    found: dict[tuple[str, str], _Found] = {}
    for issue in issues:
        found.setdefault((issue.code, issue.category or _WHOLE), _Found()).add(issue)
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


def _add_found(case: Element, found: _Found) -> None:
    if not found.failing.count:
        SubElement(case, "system-out").text = _lines(found.passing)
        return
    worst = found.failing.first[0]
    kind = "error" if worst.code in _OF_THE_RUN else "failure"
    count, message = found.failing.count, printable(worst.message)
    told = message if count == 1 else f"{count} found, such as: {message}"
    SubElement(case, kind, type=str(worst.severity), message=told).text = _lines(found.failing)


def _add_silent(case: Element, check: CheckState) -> None:
    if check.state == "skipped":
        SubElement(case, "skipped", message=printable(check.reason or ""))


def _lines(issues: _Shown) -> str:
    lines = [printable(format_issue(issue)) for issue in issues.first]
    more = [f"… and {issues.count - _LINES} more"] if issues.count > _LINES else []
    return "\n".join([*lines, *more])


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in suite)))
