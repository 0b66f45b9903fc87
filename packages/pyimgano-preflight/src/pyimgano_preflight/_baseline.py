"""Known faults: a file of fingerprints, so that a check fails for what is new and not for what is old.

A fingerprint holds no line number, so that it survives when a manifest is sorted or grows. Faults without a
path, such as two broken lines, share one; the file therefore holds how often each occurs: one more is new.
"""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar

from attrs import define, evolve

from pyimgano_core.artifacts import atomic_writer, read_artifact, to_json
from pyimgano_core.errors import ArtifactError
from pyimgano_preflight._select import ALWAYS_TOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.preflight import ReportedIssue

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
    if not path.exists():
        raise ArtifactError(f"{path}: no such file; --write-baseline makes one")
    return {issue.fingerprint: issue.count for issue in read_artifact(path, Baseline).issues}


def write_baseline(path: Path, issues: Iterable[ReportedIssue]) -> None:
    """Write the issues as known, whole or not at all; those of the check itself are never known."""
    counts: Counter[str] = Counter()
    first: dict[str, KnownIssue] = {}
    for issue in issues:
        if issue.code not in ALWAYS_TOLD:
            counts[issue.fingerprint] += 1
            if counts[issue.fingerprint] == 1:
                first[issue.fingerprint] = _entry(issue)
    ordered = sorted(first.values(), key=lambda entry: (entry.code, entry.paths, entry.fingerprint))
    with atomic_writer(path) as stream:
        for piece in _pieces(evolve(entry, count=counts[entry.fingerprint]) for entry in ordered):
            stream.write(piece.encode("utf-8", "backslashreplace"))


def _pieces(issues: Iterable[KnownIssue]) -> Iterator[str]:
    """Yield the text of a `Baseline` of the issues, as `write_artifact` writes it, one issue at a time."""
    whole = to_json(Baseline(pyimgano_version=version("pyimgano-preflight")), indent=2)
    before, none, after = whole.rpartition("[]")  # the list of issues stands last
    yield before
    opening = "["
    for issue in issues:
        yield f"{opening}\n    " + to_json(issue, indent=2).replace("\n", "\n    ")
        opening = ","
    yield none if opening == "[" else "\n  ]"
    yield f"{after}\n"


def _entry(issue: ReportedIssue) -> KnownIssue:
    return KnownIssue(
        fingerprint=issue.fingerprint,
        count=1,
        code=issue.code,
        name=issue.name,
        category=issue.category,
        paths=issue.paths[:_LISTED_PATHS],
    )
