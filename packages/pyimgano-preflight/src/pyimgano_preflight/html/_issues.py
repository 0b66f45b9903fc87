"""What was found: an overview with a bar for each rule, then each with its meaning, examples and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import ReportedIssue
from pyimgano_preflight.html._parts import left_out, shown, table
from pyimgano_preflight.rules import find_rule

if TYPE_CHECKING:
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_preflight.html._thumbnails import Album

_EXAMPLES = 10
_ORDER = list(Severity)


@define(frozen=True, kw_only=True)
class _Group:
    """The listed issues of one code, the worst first, and how many there are in all."""

    code: str
    count: int
    issues: tuple[ReportedIssue, ...]

    @property
    def severity(self) -> Severity:
        return self.issues[0].severity

    @property
    def anchor(self) -> str:
        return shown(self.code)


def overview_section(report: PreflightReport) -> str:
    """Return a row for each rule that found something, with a link to what it found."""
    groups = _groups(report)
    most = max((group.count for group in groups), default=1)
    rows = [
        [
            f'<a href="#{group.anchor}"><code>{group.anchor}</code> {_names(group)}</a>',
            f'<span class="tone {group.severity}">{group.severity}</span>',
            f"{group.count:,}",
            f'<span class="bar {group.severity}" style="width:{100 * group.count / most:.1f}%"></span>',
        ]
        for group in groups
    ]
    return "<h2>Found</h2>" + table(("rule", "severity", "count", ""), rows, "rules") if rows else ""


def issues_section(report: PreflightReport, album: Album | None) -> str:
    """Return all that was found; notes are folded."""
    groups = "\n".join(_group(group, album) for group in _groups(report))
    return f"<h2>What it means, and how to mend it</h2>\n{groups}" if groups else ""


def _groups(report: PreflightReport) -> list[_Group]:
    found: dict[str, list[ReportedIssue]] = {}
    for issue in report.issues:
        found.setdefault(issue.code, []).append(issue)
    groups = [
        _Group(
            code=code,
            count=report.summary["by_code"].get(code, len(issues)),
            issues=tuple(sorted(issues, key=lambda issue: _ORDER.index(issue.severity))),
        )
        for code, issues in found.items()
    ]
    return sorted(groups, key=lambda group: (_ORDER.index(group.severity), group.code))


def _names(group: _Group) -> str:
    """Return the names as HTML, which may be broken at underscores."""
    return shown(", ".join(dict.fromkeys(issue.name for issue in group.issues))).replace("_", "_<wbr>")


def _group(group: _Group, album: Album | None) -> str:
    is_open = "" if group.severity is Severity.INFO else " open"
    known = sum(issue.known for issue in group.issues)
    old = f", {known:,} of the listed known" if known else ""
    title = (
        f'<summary><span class="tone">{group.severity}</span> <code>{group.anchor}</code> '
        f'{_names(group)} <span class="count">{group.count:,}{old}</span></summary>'
    )
    pictures = "" if album is None else album.pictures(group.code, group.issues)
    parts = [title, _explanation(group.code), _messages(group), pictures]
    return f'<details class="found {group.severity}" id="{group.anchor}"{is_open}>{"".join(parts)}</details>'


def _explanation(code: str) -> str:
    rule = find_rule(code)
    if rule is None:  # a report of a newer version
        return ""
    why = f"<p>{shown(rule.why, 2000)}</p>" if rule.why else ""
    return f"<p>{shown(rule.meaning, 2000)}</p>{why}<p><b>To mend it:</b> {shown(rule.remedy, 2000)}</p>"


def _messages(group: _Group) -> str:
    lines = [_message(issue, group.severity) for issue in group.issues[:_EXAMPLES]]
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f'<ul class="messages">{items}</ul>{left_out(group.count - len(lines), "like these")}'


def _message(issue: ReportedIssue, usual: Severity) -> str:
    severity = (
        "" if issue.severity is usual else f'<span class="tone {issue.severity}">{issue.severity}</span> '
    )
    known = ' <span class="muted">(known)</span>' if issue.known else ""
    line = issue.location.line if issue.location is not None else None
    place = f'<span class="place">line {line:,}:</span> ' if line else ""
    return f"{place}{severity}{shown(issue.message)}{known}"
