"""How the lines of a manifest end: told once for the whole file, with counts."""

from __future__ import annotations

from pyimgano_core.contracts.dataset import Entry
from pyimgano_core.contracts.issue import Issue, Location, Severity


class LineEndings:
    """Counts the lines that end with `\\r\\n` and those that are blank."""  # noqa: D301 - escapes, in plain text

    def __init__(self) -> None:
        self._windows = 0
        self._blank = 0
        self._first = 0

    def note(self, line: int, *, is_windows: bool, is_blank: bool) -> None:
        """Count a line that is one of both."""
        self._windows += is_windows
        self._blank += is_blank
        self._first = self._first or line

    def entry(self, lines: int, manifest: str) -> Entry | None:
        """Return what was found among `lines`, or None where nothing was."""
        if not self._first:
            return None
        found = []
        if self._windows:
            others = "" if self._windows == lines else " and the others do not: write one kind"
            end = "ends" if self._windows == 1 else "end"
            found.append(f"{_of(self._windows, lines)} {end} with a carriage return, as on Windows{others}")
        if self._blank:
            found.append(f"{_of(self._blank, lines)} {'is' if self._blank == 1 else 'are'} blank")
        issue = Issue(
            code="PF105",
            name="MANIFEST_LINE_ENDINGS",
            severity=Severity.INFO,
            message="; ".join(found),
            location=Location(manifest=manifest, line=self._first),
            data={"lines": lines, "crlf": self._windows, "blank": self._blank},
        )
        return Entry(line=self._first, issues=(issue,))


def _of(count: int, lines: int) -> str:
    if lines == 1:
        return "the only line"
    return f"all {lines} lines" if count == lines else f"{count} of {lines} lines"
