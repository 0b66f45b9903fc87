"""All issues of a check in a few MB, however many there are: what is too much for memory goes to the disk.

They are kept in a SQLite database without a name: in memory while it is small, then in a file that no one
else sees and that is gone with the process (https://www.sqlite.org/inmemorydb.html#temp_db).
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.preflight import reported
from pyimgano_core.errors import MachineError
from pyimgano_core.manifest import locate_issues
from pyimgano_preflight._baseline import mark_known
from pyimgano_preflight._select import Selection, apply_selection
from pyimgano_preflight.checks.files import told_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyimgano_core.contracts.preflight import ReportedIssue

_SETUP = (
    "PRAGMA journal_mode = OFF",  # what is lost with the process needs no way back
    """CREATE TABLE issues (
        code TEXT, line INTEGER, number INTEGER, issue TEXT, PRIMARY KEY (code, line, number)
    ) WITHOUT ROWID""",
    "BEGIN",  # and never commit: one transaction is all there is
)
_ADD = "INSERT INTO issues VALUES (?, ?, ?, ?)"
_READ = "SELECT code, issue FROM issues ORDER BY code, line, number"


class IssueLog:
    """The issues of a check that count; to be gone through, as often as wanted, by code and line.

    Each comes with its fingerprint, and marked where it is known.
    """

    def __init__(
        self,
        issues: Iterable[Issue] = (),
        *,
        manifest: str | None = None,
        selection: Selection | None = None,
        known: Mapping[str, int] | None = None,
    ) -> None:
        """Set up a log.

        Args:
            issues: what it holds at first.
            manifest: the manifest that lines without a file belong to.
            selection: which rules count, and how much; None for all as usual.
            known: how often each fingerprint is known.
        """
        self._manifest = manifest
        self._selection = selection or Selection()
        self._known = known or {}
        self._count = 0
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        for statement in _SETUP:
            self._database.execute(statement)
        self.extend(issues)

    def extend(self, issues: Iterable[Issue]) -> None:
        """Add issues; an exception that ends them leaves in the log what came before it.

        Raises:
            MachineError: the folder for temporary files takes no more.
        """
        with _temporary_files():
            self._database.executemany(_ADD, self._rows(issues))

    def __iter__(self) -> Iterator[ReportedIssue]:
        """Yield the issues; those at one line in the order in which they were found.

        Raises:
            MachineError: what was put into a temporary file can't be read.
        """
        return mark_known(map(reported, told_once(self._issues())), self._known)

    def _rows(self, issues: Iterable[Issue]) -> Iterator[tuple[str, int, int, str]]:
        for issue in apply_selection(locate_issues(issues, self._manifest), self._selection):
            self._count += 1
            line = issue.location.line if issue.location is not None else None
            yield issue.code, line or 0, self._count, _text(issue)

    def _issues(self) -> Iterator[Issue]:
        with _temporary_files():
            for code, text in self._database.execute(_READ):
                yield _issue(code, text)


@contextmanager
def _temporary_files() -> Iterator[None]:
    """Turn an error of the database into one that says where it writes."""
    try:
        yield
    except sqlite3.Error as exc:
        where = "the folder for temporary files ($TMPDIR or /var/tmp)"
        raise MachineError(f"the faults that were found need room in {where}: {exc}") from exc


def _text(issue: Issue) -> str:
    place = issue.location
    return to_json(
        [
            issue.name,
            issue.severity,
            issue.message,
            None if place is None else [place.manifest, place.line, place.field],
            issue.paths,
            issue.category,
            issue.split,
            issue.data,
        ]
    )


def _issue(code: str, text: str) -> Issue:
    name, severity, message, place, paths, category, split, data = json.loads(text)
    manifest, line, field = place or (None, None, None)
    return Issue(
        code=code,
        name=name,
        severity=Severity(severity),
        message=message,
        location=None if place is None else Location(manifest=manifest, line=line, field=field),
        paths=tuple(paths),
        category=category,
        split=split,
        data=data,
    )
