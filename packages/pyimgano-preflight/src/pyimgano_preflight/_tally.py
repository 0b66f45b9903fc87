"""What a report says of many issues: exact counts, and the first of each code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, evolve

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import ReportedIssue, reported
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTED_PER_CODE = 100
_LISTED_PATHS = 20
_TRUNCATED = "PF903"


class Kind(NamedTuple):
    """What is counted apart."""

    code: str
    severity: Severity
    known: bool


@define(frozen=True, kw_only=True)
class Tally:
    """How many issues there are of each kind, and the first of each code, new ones before known ones.

    Both hold at the end a note for each code of which not all are listed.
    """

    counts: Counter[Kind]
    listed: tuple[ReportedIssue, ...]

    def by_code(self) -> dict[str, int]:
        """Return how many issues there are of each code."""
        return _by_code(self.counts)

    def by_severity(self, *, known: bool) -> dict[str, int]:
        """Return how many issues that are known, or are not, there are of each severity."""
        counts = dict.fromkeys((severity.value for severity in Severity), 0)
        for kind, count in self.counts.items():
            counts[kind.severity.value] += count * (kind.known is known)
        return counts


def tally_issues(issues: Iterable[ReportedIssue]) -> Tally:
    """Return the tally of all issues, which come ordered by code and are gone through once."""
    counts: Counter[Kind] = Counter()
    first: dict[tuple[str, bool], list[ReportedIssue]] = {}
    for issue in issues:
        counts[_kind(issue)] += 1
        alike = first.setdefault((issue.code, issue.known), [])
        if len(alike) < LISTED_PER_CODE:
            alike.append(evolve(issue, paths=issue.paths[:_LISTED_PATHS]))
    by_code = _by_code(counts)
    listed = [
        issue
        for code in by_code
        for issue in [*first.get((code, False), []), *first.get((code, True), [])][:LISTED_PER_CODE]
    ]
    notes = [*_notes(by_code)]
    counts.update(map(_kind, notes))
    return Tally(counts=counts, listed=(*listed, *notes))


def _kind(issue: ReportedIssue) -> Kind:
    return Kind(issue.code, issue.severity, issue.known)


def _by_code(counts: Counter[Kind]) -> dict[str, int]:
    by_code: Counter[str] = Counter()
    for kind, count in counts.items():
        by_code[kind.code] += count
    return dict(sorted(by_code.items()))


def _notes(by_code: dict[str, int]) -> Iterator[ReportedIssue]:
    for code, count in by_code.items():
        if count > LISTED_PER_CODE:
            message = (
                f"{count} issues {code} were found, the first {LISTED_PER_CODE} are listed; "
                "--issues FILE writes them all"
            )
            yield reported(rule_issue(_TRUNCATED, message, data={"code": code, "count": count}))
