"""The faults of a split, each with its code and the records at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.issue import Issue, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.record import Sample

_NAMES = {
    "PF702": "CATEGORY_CASE_CLASH",
    "PF606": "MANIFEST_GROUP_SPLIT_CONFLICT",
    "PF607": "MANIFEST_GROUP_ANOMALY_IN_TRAIN",
    "PF705": "ANOMALY_IN_TRAIN",
    "PF706": "MISSING_TRAIN_SPLIT",
    "PF707": "FEWSHOT_TRAIN_SET",
    "PF708": "MISSING_TEST_ANOMALY",
    "PF709": "MISSING_TEST_NORMAL",
}
_SHOWN_PATHS = 20


def split_issue(
    code: str,
    severity: Severity,
    message: str,
    *,
    category: str | None = None,
    samples: Sequence[Sample] = (),
    data: dict[str, Any] | None = None,
) -> Issue:
    """Return the issue, located at the first of `samples` and naming the first of their files."""
    line = samples[0].record.line if samples else 0
    return Issue(
        code=code,
        name=_NAMES[code],
        severity=severity,
        message=message,
        location=Location(line=line) if line else None,
        paths=tuple(sample.record.image_path for sample in samples[:_SHOWN_PATHS]),
        category=category,
        data=data or {},
    )
