"""The preflight report: what is wrong with a data set, in the form that pipelines read."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from attrs import define, field

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.issue import Issue


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
    """Whether a check ran; `reason` says why it did not."""

    code: str
    state: Literal["done", "skipped"]
    reason: str | None = None


@define(frozen=True, kw_only=True)
class PreflightReport:
    """The result of a preflight; `status` is the worst severity found, or `ok`.

    `summary` holds exact counts, `{"by_severity": {...}, "by_code": {...}}`.
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
    checks: tuple[CheckState, ...] = ()
    issues: tuple[Issue, ...] = ()
