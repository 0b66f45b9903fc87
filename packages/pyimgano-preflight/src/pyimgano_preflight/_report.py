"""From issues to the report: ordered, counted exactly, listed up to a limit."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import evolve

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport
from pyimgano_core.errors import ConfigError, DataError, MachineError
from pyimgano_core.manifest import columns_of, locate_issues
from pyimgano_preflight._baseline import mark_known, reported
from pyimgano_preflight._inspection import manifest_path
from pyimgano_preflight._select import Selection, apply_selection
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.preflight import CheckState, ReportedIssue
    from pyimgano_core.errors import PyimganoError
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_preflight.facts import Depth

LISTED_PER_CODE = 100
_LISTED_PATHS = 20
_TRUNCATED = "PF903"


def arrange_issues(
    issues: Iterable[Issue],
    *,
    manifest: str | None = None,
    selection: Selection | None = None,
    known: Mapping[str, int] | None = None,
) -> tuple[ReportedIssue, ...]:
    """Return all issues that count, ordered by code and line.

    Args:
        issues: in the order of the data.
        manifest: the manifest that lines without a file belong to.
        selection: which rules count, and how much; None for all as usual.
        known: how often each fingerprint is known.
    """
    counting = apply_selection(locate_issues(issues, manifest), selection or Selection())
    ordered = sorted(map(reported, counting), key=_position)
    return tuple(mark_known(ordered, known or {}))


def build_report(
    issues: Sequence[ReportedIssue],
    *,
    dataset: dict[str, Any] | None = None,
    categories: Sequence[PreparedCategory] = (),
    checks: tuple[CheckState, ...] = (),
    profile: Depth = "standard",
    complete: bool = True,
) -> PreflightReport:
    """Return the report.

    Args:
        issues: all of them, arranged.
        dataset: what was looked at.
        categories: what training would see.
        checks: which rules were applied.
        profile: how far files were looked into.
        complete: whether the check ran to its end.
    """
    listed = [*_listed(issues)]
    counted = [*issues, *(issue for issue in listed if issue.code == _TRUNCATED)]
    fresh = Counter(issue.severity for issue in counted if not issue.known)
    return PreflightReport(
        pyimgano_version=version("pyimgano-preflight"),
        status=next((severity.value for severity in Severity if fresh[severity]), "ok"),
        dataset=dataset or {},
        categories=tuple(_summary(category) for category in categories),
        summary={
            "by_severity": _by_severity(counted),
            "by_code": dict(sorted(Counter(issue.code for issue in counted).items())),
            "known_by_severity": _by_severity(issue for issue in counted if issue.known),
        },
        profile=profile,
        complete=complete,
        checks=checks,
        issues=tuple(listed),
    )


def report_failure(error: PyimganoError | OSError) -> PreflightReport:
    """Return the report of a preflight that could not look at the data."""
    if isinstance(error, DataError):
        return build_report(arrange_issues(data_error_issues(error)))
    if isinstance(error, ConfigError):
        source = {} if error.source is None else {"source": str(error.source)}
        problems = (rule_issue("PF905", problem, data=source) for problem in error.problems)
        return build_report(arrange_issues(problems))
    code = "PF901" if isinstance(error, MachineError | OSError) else "PF905"
    return build_report(arrange_issues([rule_issue(code, str(error))]))


def report_interrupt() -> PreflightReport:
    """Return the report of a preflight that was ended before it looked at a file."""
    stop = rule_issue("PF902", "interrupted before any file was looked at: run again")
    return build_report(arrange_issues([stop]), complete=False)


def data_error_issues(error: DataError) -> tuple[Issue, ...]:
    """Return the issues of a data set that can't be opened: at least one."""
    return error.issues or (rule_issue("PF711", str(error)),)


def describe_dataset(config: RunConfig, base: Path, prepared: Prepared | None) -> dict[str, Any]:
    """Return what was looked at: its name, where it is, its manifest's hash, and its counts."""
    settings = config.dataset
    described: dict[str, Any] = {"name": settings.name, "category": settings.category}
    if settings.root is not None:
        described["root"] = settings.root
    manifest = manifest_path(config, base)
    if manifest is not None:
        described["manifest"] = settings.manifest_path
    if prepared is not None:
        if manifest is not None and manifest.is_file():  # a pipe can't be read twice
            described["manifest_sha256"] = sha256_file(manifest)
        anomalous = int(columns_of(prepared.samples).anomalous.sum())
        described["counts"] = {
            "samples": len(prepared.samples),
            "normal": len(prepared.samples) - anomalous,
            "anomalous": anomalous,
            "categories": len(prepared.categories),
        }
    return described


def _by_severity(issues: Iterable[ReportedIssue]) -> dict[str, int]:
    counts = Counter(issue.severity for issue in issues)
    return {severity.value: counts[severity] for severity in Severity}


def _position(issue: Issue) -> tuple[str, int]:
    return issue.code, (issue.location.line or 0) if issue.location is not None else 0


def _listed(issues: Sequence[ReportedIssue]) -> Iterator[ReportedIssue]:
    """Yield the first issues of each code, new ones before known ones, and at the end what was left out."""
    for _, group in groupby(issues, key=lambda issue: issue.code):
        of_code = sorted(group, key=lambda issue: issue.known)
        for issue in of_code[:LISTED_PER_CODE]:
            yield evolve(issue, paths=issue.paths[:_LISTED_PATHS])
    for code, count in Counter(issue.code for issue in issues).items():
        if count > LISTED_PER_CODE:
            message = (
                f"{count} issues {code} were found, the first {LISTED_PER_CODE} are listed; "
                "--issues FILE writes them all"
            )
            yield reported(rule_issue(_TRUNCATED, message, data={"code": code, "count": count}))


def _summary(category: PreparedCategory) -> CategorySummary:
    split, gate = category.split, category.gate
    return CategorySummary(
        category=split.category,
        train_count=len(split.train),
        calibration_count=len(split.calibration),
        calibration_source=split.calibration_source,
        test_count=len(split.test),
        test_anomaly_count=gate.n_anomalous,
        mask_count=gate.n_usable_masks,
        pixel_metrics_status=gate,
    )
