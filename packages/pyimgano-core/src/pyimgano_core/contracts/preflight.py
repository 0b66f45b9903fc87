"""The preflight report: what is wrong with a data set, in the form that pipelines read."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Literal

from attrs import define, field

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.issue import Issue

_FINGERPRINT_LETTERS = 32


@define(frozen=True, kw_only=True)
class CategorySummary:
    """What training will see of a category: the counts come from the same functions."""

    category: str
    train_count: int
    calibration_count: int
    calibration_source: str
    test_count: int
    test_anomaly_count: int
    mask_count: int
    pixel_metrics_status: PixelGate


@define(frozen=True, kw_only=True)
class CheckState:
    """Whether a rule was applied; `reason` says why it was not."""

    code: str
    state: Literal["done", "skipped"]
    reason: str | None = None


@define(frozen=True, kw_only=True)
class ReportedIssue(Issue):
    """An issue as a report lists it, and as a line of the file of `--issues`.

    `fingerprint` is equal for the same fault of the same files in two runs: it holds no line numbers. `known`
    is set where a baseline holds the fault.
    """

    fingerprint: str = ""
    known: bool = False


@define(frozen=True, kw_only=True)
class PreflightReport:
    """The result of a preflight, in JSON under the one key `preflight`.

    `status` is the worst severity of what a baseline does not hold, or `ok`. `summary`
    holds exact counts, `{"by_severity": {...}, "by_code": {...}, "known_by_severity": {...}}`; what a
    baseline holds is in all three. `profile` says how far files were looked into. `complete` is False where
    the check was interrupted. `times` is the only part that differs between two runs over the same data.
    """

    KIND: ClassVar[str] = "pyimgano.preflight"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.preflight"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    status: Literal["ok", "info", "warning", "error"]
    dataset: dict[str, Any] = field(factory=dict)
    categories: tuple[CategorySummary, ...] = ()
    summary: dict[str, dict[str, int]] = field(factory=dict)
    profile: Literal["quick", "standard", "deep"] = "standard"
    complete: bool = True
    checks: tuple[CheckState, ...] = ()
    issues: tuple[ReportedIssue, ...] = ()
    times: dict[str, Any] = field(factory=dict)


def fingerprint(issue: Issue) -> str:
    """Return what is equal for the same fault in two runs: a hash of code, paths and category."""
    parts = (issue.code, issue.category or "", *issue.paths)
    text = "\0".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:_FINGERPRINT_LETTERS]


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
