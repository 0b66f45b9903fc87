"""From issues to the report: ordered, counted exactly, listed up to a limit."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from attrs import evolve

from pyimgano_core.artifacts import sha256_file
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import CategorySummary, CheckState, PreflightReport
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.errors import ConfigError, DataError, MachineError
from pyimgano_core.manifest import locate_issues
from pyimgano_preflight._inspection import manifest_path
from pyimgano_preflight.rules import rule_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.errors import PyimganoError
    from pyimgano_core.preparation import Prepared, PreparedCategory

LISTED_PER_CODE = 100
_LISTED_PATHS = 20


def build_report(
    issues: Iterable[Issue],
    *,
    dataset: dict[str, Any] | None = None,
    categories: Sequence[PreparedCategory] = (),
    checks: tuple[CheckState, ...] = (),
    manifest: str | None = None,
) -> PreflightReport:
    """Return the report.

    Args:
        issues: in the order of the data.
        dataset: what was looked at.
        categories: what training would see.
        checks: which rules were applied.
        manifest: the manifest that lines without a file belong to.
    """
    ordered = sorted(map(_shortened, locate_issues(issues, manifest)), key=_position)
    listed = [*_listed(ordered)]
    counted = [*ordered, *(issue for issue in listed if issue.code == "PF903")]
    by_severity = Counter(issue.severity for issue in counted)
    return PreflightReport(
        pyimgano_version=version("pyimgano-preflight"),
        status=next((severity.value for severity in Severity if by_severity[severity]), "ok"),
        dataset=dataset or {},
        categories=tuple(_summary(category) for category in categories),
        summary={
            "by_severity": {severity.value: by_severity[severity] for severity in Severity},
            "by_code": dict(sorted(Counter(issue.code for issue in counted).items())),
        },
        checks=checks,
        issues=tuple(listed),
    )


def report_failure(error: PyimganoError | OSError) -> PreflightReport:
    """Return the report of a preflight that could not look at the data."""
    if isinstance(error, DataError):
        return build_report(data_error_issues(error))
    if isinstance(error, ConfigError):
        source = {} if error.source is None else {"source": str(error.source)}
        return build_report(rule_issue("PF905", problem, data=source) for problem in error.problems)
    code = "PF901" if isinstance(error, MachineError | OSError) else "PF905"
    return build_report([rule_issue(code, str(error))])


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
        anomalous = sum(sample.record.label == ANOMALOUS for sample in prepared.samples)
        described["counts"] = {
            "samples": len(prepared.samples),
            "normal": len(prepared.samples) - anomalous,
            "anomalous": anomalous,
            "categories": len(prepared.categories),
        }
    return described


def _shortened(issue: Issue) -> Issue:
    return evolve(issue, paths=issue.paths[:_LISTED_PATHS])


def _position(issue: Issue) -> tuple[str, int]:
    return issue.code, (issue.location.line or 0) if issue.location is not None else 0


def _listed(ordered: Sequence[Issue]) -> Iterator[Issue]:
    """Yield the first issues of each code, and at the end what was left out."""
    seen: Counter[str] = Counter()
    for issue in ordered:
        seen[issue.code] += 1
        if seen[issue.code] <= LISTED_PER_CODE:
            yield issue
    for code, count in seen.items():
        if count > LISTED_PER_CODE:
            message = f"{count} issues {code} were found, the first {LISTED_PER_CODE} are listed"
            yield rule_issue("PF903", message, data={"code": code, "count": count})


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
