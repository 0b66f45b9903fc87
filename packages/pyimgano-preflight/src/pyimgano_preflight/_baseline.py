"""Known faults: a file of fingerprints, so that a check fails for what is new and not for what is old.

A fingerprint holds no line number, so that it survives when a manifest is sorted or grows. Faults without a
path, such as two broken lines, share one; the file therefore holds how often each occurs: one more is new.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar

from attrs import define, evolve

from pyimgano_core.artifacts import read_artifact, write_artifact
from pyimgano_core.contracts.preflight import ReportedIssue
from pyimgano_preflight._select import ALWAYS_TOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue

_LENGTH = 32
_LISTED_PATHS = 3


@define(frozen=True, kw_only=True)
class KnownIssue:
    """A fault that is known; all but `fingerprint` and `count` is there for people."""

    fingerprint: str
    count: int
    code: str = ""
    name: str = ""
    category: str | None = None
    paths: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class Baseline:
    """The faults that are known."""

    KIND: ClassVar[str] = "pyimgano.preflight_baseline"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.preflight_baseline"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str = ""
    issues: tuple[KnownIssue, ...] = ()


def fingerprint(issue: Issue) -> str:
    """Return what is equal for the same fault in two runs: a hash of code, paths and category."""
    parts = (issue.code, issue.category or "", *issue.paths)
    text = "\0".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:_LENGTH]


def reported(issue: Issue) -> ReportedIssue:
    """Return the issue with its fingerprint."""
    return ReportedIssue(
        code=issue.code,
        name=issue.name,
        severity=issue.severity,
        message=issue.message,
        location=issue.location,
        paths=issue.paths,
        category=issue.category,
        split=issue.split,
        data=issue.data,
        fingerprint=fingerprint(issue),
    )


def mark_known(issues: Iterable[ReportedIssue], known: Mapping[str, int]) -> Iterator[ReportedIssue]:
    """Yield the issues; of each fingerprint the first `known[fingerprint]` are marked."""
    left = Counter(known)
    for issue in issues:
        is_known = left[issue.fingerprint] > 0 and issue.code not in ALWAYS_TOLD
        if is_known:
            left[issue.fingerprint] -= 1
        yield evolve(issue, known=True) if is_known else issue


def read_baseline(path: Path) -> dict[str, int]:
    """Return how often each fingerprint is known.

    Raises:
        ArtifactError: the file is missing, torn or something else.
    """
    return {issue.fingerprint: issue.count for issue in read_artifact(path, Baseline).issues}


def write_baseline(path: Path, issues: Iterable[ReportedIssue]) -> None:
    """Write the issues as known, whole or not at all; those of the check itself are never known."""
    counts: Counter[str] = Counter()
    first: dict[str, ReportedIssue] = {}
    for issue in issues:
        if issue.code not in ALWAYS_TOLD:
            counts[issue.fingerprint] += 1
            first.setdefault(issue.fingerprint, issue)
    entries = (_entry(issue, counts[issue.fingerprint]) for issue in first.values())
    ordered = tuple(sorted(entries, key=lambda entry: (entry.code, entry.paths, entry.fingerprint)))
    write_artifact(path, Baseline(pyimgano_version=version("pyimgano-preflight"), issues=ordered))


def _entry(issue: ReportedIssue, count: int) -> KnownIssue:
    return KnownIssue(
        fingerprint=issue.fingerprint,
        count=count,
        code=issue.code,
        name=issue.name,
        category=issue.category,
        paths=issue.paths[:_LISTED_PATHS],
    )
