"""SARIF 2.1.0, which code hosts show beside the manifest: https://docs.oasis-open.org/sarif/sarif/v2.1.0/.

GitHub refuses a run of more than 25,000 results, shows 5,000 of them, and wants paths relative to the
repository: run the command in its root. Results of a baseline are suppressed.
"""

from __future__ import annotations

from heapq import nsmallest
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.issue import Severity
from pyimgano_preflight._text import printable
from pyimgano_preflight.outputs._places import artifact_uri, find_file
from pyimgano_preflight.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_core.contracts.preflight import PreflightReport, ReportedIssue
    from pyimgano_preflight.rules import Rule

MOST_RESULTS = 25_000
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_FINGERPRINT = "pyimganoPreflight/v1"
_RELATED = 20


def render_sarif(
    report: PreflightReport, issues: Iterable[ReportedIssue], folders: Sequence[Path] = ()
) -> str:
    """Return the log.

    Args:
        report: the report.
        issues: all issues; the worst are kept where they are too many.
        folders: where relative paths of records lead into.
    """
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    kept = nsmallest(MOST_RESULTS, issues, key=lambda issue: (issue.known, ranks[issue.severity]))
    left_out = sum(1 for _ in issues) - len(kept) if len(kept) == MOST_RESULTS else 0
    indices = {rule.code: index for index, rule in enumerate(load_rules())}
    run = {
        "tool": {"driver": _driver(report)},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, left_out)],
        "results": [_result(issue, indices[issue.code], folders, report) for issue in kept],
    }
    return to_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _driver(report: PreflightReport) -> dict[str, Any]:
    return {
        "name": "pyimgano-preflight",
        "semanticVersion": report.pyimgano_version,
        "rules": [_rule(rule) for rule in load_rules()],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.meaning},
        "fullDescription": {"text": f"{rule.meaning} {rule.why}".strip()},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"profile": rule.profile},
    }


def _invocation(report: PreflightReport, left_out: int) -> dict[str, Any]:
    notes = [*_not_applied(report)]
    if left_out:
        notes.append(f"{left_out} more results were found than the {MOST_RESULTS} that a code host takes")
    return {
        "executionSuccessful": report.complete and "PF905" not in report.summary["by_code"],
        "toolExecutionNotifications": [{"level": "note", "message": {"text": note}} for note in notes],
    }


def _not_applied(report: PreflightReport) -> Iterator[str]:
    """Yield one line for each reason that rules were not applied for."""
    skipped = sorted((check.reason or "", check.code) for check in report.checks if check.state == "skipped")
    for reason, group in groupby(skipped, key=lambda pair: pair[0]):
        yield f"not applied, {reason}: {', '.join(code for _, code in group)}"


def _result(
    issue: ReportedIssue, index: int, folders: Sequence[Path], report: PreflightReport
) -> dict[str, Any]:
    files = [artifact_uri(find_file(path, folders)) for path in issue.paths[:_RELATED]]
    place = _place(issue, files, report, folders)
    result: dict[str, Any] = {
        "ruleId": issue.code,
        "ruleIndex": index,
        "level": _LEVELS[issue.severity],
        "message": {"text": printable(issue.message)},
        "partialFingerprints": {_FINGERPRINT: issue.fingerprint},
    }
    if place is not None:
        result["locations"] = [place]
    if files:
        result["relatedLocations"] = [{"id": number, **_physical(uri)} for number, uri in enumerate(files)]
    if any(report.summary["known_by_severity"].values()):
        result["baselineState"] = "unchanged" if issue.known else "new"
    if issue.known:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return result


def _place(
    issue: ReportedIssue, files: Sequence[str], report: PreflightReport, folders: Sequence[Path]
) -> dict[str, Any] | None:
    """Return the manifest's line, else the first file, else what was checked: a host wants a place."""
    location = issue.location
    if location is not None and location.manifest is not None:
        return _physical(artifact_uri(location.manifest), location.line)
    if files:
        return _physical(files[0])
    source = issue.data.get("source") or next(iter(folders), None)
    return None if source is None else _physical(artifact_uri(_checked(report, Path(source))))


def _checked(report: PreflightReport, source: Path) -> Path:
    """Return the manifest where there is one in the folder `source`, else that folder or file."""
    manifest = report.dataset.get("manifest")
    return source / Path(manifest).name if manifest is not None and source.is_dir() else source


def _physical(uri: str, line: int | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}
