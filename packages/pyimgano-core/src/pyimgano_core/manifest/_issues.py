"""The manifest's name in issues that know only their line, as those found after reading do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.issue import Issue


def locate_issues(issues: Iterable[Issue], manifest: str | None) -> Iterator[Issue]:
    """Yield the issues, each that has a line and no file with `manifest` as its file."""
    return (_located(issue, manifest) for issue in issues)


def _located(issue: Issue, manifest: str | None) -> Issue:
    location = issue.location
    if location is None or not location.line or location.manifest is not None:
        return issue
    return evolve(issue, location=evolve(location, manifest=manifest))
