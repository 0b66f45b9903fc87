"""All issues, one JSON object a line, where the report lists the first of each code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.artifacts import atomic_writer, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyimgano_core.contracts.preflight import ReportedIssue


def write_issues(path: Path, issues: Iterable[ReportedIssue]) -> None:
    """Write the issues, the whole file or none of it."""
    with atomic_writer(path) as stream:
        for issue in issues:
            stream.write(to_json(issue, sort_keys=True).encode() + b"\n")
