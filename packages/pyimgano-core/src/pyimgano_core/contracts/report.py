"""The reports of a run: one per category, and one over all of them."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import Checkpoint, Preprocessing, SelfTest
from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.split import Fingerprint
from pyimgano_core.contracts.threshold import Threshold


@define(frozen=True, kw_only=True)
class DatasetSummary:
    """How many images of a category stand where, and how many could not be read."""

    train_count: int
    calibration_count: int
    test_count: int
    test_anomaly_count: int
    test_anomaly_ratio: float | None
    failed_count: int = 0
    group_conflicts_allowed: tuple[str, ...] = ()


@define(frozen=True, kw_only=True)
class PixelResults:
    """Metrics over pixels of the images that the gate admits, at the images' own resolution."""

    pixel_auroc: float | None
    pixel_average_precision: float | None
    pixel_f1_max: float | None
    aupro: float | None
    aupro_limit: float
    image_count: int
    region_count: int
    subset: str = "all"
    reasons: dict[str, str] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Results:
    """Metrics over test images; an undefined one is null and `reasons` says why.

    `f1_max_threshold` is an oracle's: it is fitted to the test labels and never deployed. `metrics` are the
    counts and ratios at the deployed threshold: tp, fp, tn, fn, precision, recall, f1, specificity, accuracy.
    """

    auroc: float | None
    average_precision: float | None
    f1_max: float | None
    f1_max_threshold: float | None
    metrics: dict[str, Any] | None
    pixel_metrics: PixelResults | None
    reasons: dict[str, str] = field(factory=dict)
    flags: dict[str, tuple[str, ...]] = field(factory=dict)


@define(frozen=True, kw_only=True)
class InputFailure:
    """An image that could not be used, in whichever part of the run."""

    role: str
    input: str
    error: Failure


@define(frozen=True, kw_only=True)
class CategoryReport:
    """All that is known of one category's run; `checkpoint.path` is relative to the run directory."""

    KIND: ClassVar[str] = "pyimgano.category_report"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.category_report"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    category: str
    slug: str
    dataset_summary: DatasetSummary
    split_fingerprint: Fingerprint
    pixel_metrics_status: PixelGate
    threshold: Threshold
    pixel_threshold: Threshold
    results: Results
    checkpoint: Checkpoint
    preprocessing: Preprocessing
    self_test: SelfTest
    detector: dict[str, Any] = field(factory=dict)
    failures: tuple[InputFailure, ...] = ()
    issues: tuple[Issue, ...] = ()
    environment: dict[str, Any] = field(factory=dict)


@define(frozen=True, kw_only=True)
class RunReport:
    """A whole run; `mean_metrics` are macro averages; where a category lacks a metric, it has none."""

    KIND: ClassVar[str] = "pyimgano.run_report"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.run_report"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    timestamp_utc: str
    pyimgano_version: str
    dataset: str
    category: str
    model: str
    recipe: str | None
    seed: int
    resize: tuple[int, int]
    categories: tuple[str, ...]
    mean_metrics: dict[str, float | None] = field(factory=dict)
    per_category: dict[str, CategoryReport] = field(factory=dict)
    failed_categories: dict[str, str] = field(factory=dict)
    issues: tuple[Issue, ...] = ()
    seconds: dict[str, float] = field(factory=dict)
    environment: dict[str, Any] = field(factory=dict)
