"""From issues to the report: ordered, counted exactly, listed up to a limit."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import CategorySummary, PreflightReport
from pyimgano_core.errors import ConfigError, DataError, MachineError
from pyimgano_core.manifest import columns_of
from pyimgano_preflight._inspection import manifest_path
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._tally import tally_issues
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.preflight import CheckState, ReportedIssue
    from pyimgano_core.errors import PyimganoError
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_preflight.facts import Depth


def build_report(
    issues: Iterable[ReportedIssue],
    *,
    dataset: dict[str, Any] | None = None,
    categories: Sequence[PreparedCategory] = (),
    checks: tuple[CheckState, ...] = (),
    profile: Depth = "standard",
    complete: bool = True,
) -> PreflightReport:
    """Return the report.

    Args:
        issues: all of them, ordered by code.
        dataset: what was looked at.
        categories: what training would see.
        checks: which rules were applied.
        profile: how far files were looked into.
        complete: whether the check ran to its end.
    """
    tally = tally_issues(issues)
    fresh, known = tally.by_severity(known=False), tally.by_severity(known=True)
    return PreflightReport(
        pyimgano_version=version("pyimgano-preflight"),
        status=next((severity.value for severity in Severity if fresh[severity]), "ok"),
        dataset=dataset or {},
        categories=tuple(_summary(category) for category in categories),
        summary={
            "by_severity": {severity: count + known[severity] for severity, count in fresh.items()},
            "by_code": tally.by_code(),
            "known_by_severity": known,
        },
        profile=profile,
        complete=complete,
        checks=checks,
        issues=tally.listed,
    )


def report_failure(error: PyimganoError | OSError) -> PreflightReport:
    """Return the report of a preflight that could not look at the data."""
    if isinstance(error, DataError):
        return build_report(IssueLog(data_error_issues(error)))
    if isinstance(error, ConfigError):
        source = {} if error.source is None else {"source": str(error.source)}
        problems = (rule_issue("PF905", problem, data=source) for problem in error.problems)
        return build_report(IssueLog(problems))
    code = "PF901" if isinstance(error, MachineError | OSError) else "PF905"
    return build_report(IssueLog([rule_issue(code, str(error))]))


def report_interrupt() -> PreflightReport:
    """Return the report of a preflight that was ended before it looked at a file."""
    stop = rule_issue("PF902", "interrupted before any file was looked at: run again")
    return build_report(IssueLog([stop]), complete=False)


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
