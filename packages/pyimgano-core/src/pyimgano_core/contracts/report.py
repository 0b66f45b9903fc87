"""The reports of a run: one per category, and one over all of them."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field

from pyimgano_core.contracts.drift import ReferenceSample
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import Checkpoint, NamedFile, Preprocessing, RegionFile, SelfTest
from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.metric import Interval, ObservedRate, OperatingPoint
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
class PixelVerdicts:
    """What the segmentation in use is worth: pixels at or above the deployed pixel threshold.

    `pro` is the flagged share of a region, averaged over regions; `iou`, `f1`, `precision` and `recall` are
    of all pixels pooled. Regions of fewer than `minimum_area` flagged pixels were dropped before.
    """

    threshold: float
    minimum_area: int
    pro: float | None
    iou: float | None
    f1: float | None
    precision: float | None
    recall: float | None


@define(frozen=True, kw_only=True)
class PixelResults:
    """Metrics over pixels of the images that the gate admits, at the images' own resolution.

    `aupimo` is the mean over anomalous images, between the false-positive rates `aupimo_limits`. `au_spro`
    ends where AUPRO does and is null without a `saturation`. `pixel_f1_max_threshold` is an oracle's: it is
    fitted to the masks and never deployed. `flags` qualify a metric, as in `Results`. `verdicts` are
    those of the deployed pixel threshold. `intervals` are bootstrap intervals by the metric's name.
    """

    pixel_auroc: float | None
    pixel_average_precision: float | None
    pixel_f1_max: float | None
    aupro: float | None
    aupro_limit: float
    image_count: int
    region_count: int
    subset: str = "all"
    reasons: dict[str, str] = field(factory=dict)
    aupimo: float | None = None
    aupimo_limits: tuple[float, float] | None = None
    au_spro: float | None = None
    saturation: float | None = None
    pixel_f1_max_threshold: float | None = None
    flags: dict[str, tuple[str, ...]] = field(factory=dict)
    verdicts: PixelVerdicts | None = None
    intervals: dict[str, Interval] = field(factory=dict)


@define(frozen=True, kw_only=True)
class ReviewCounts:
    """How many images the review band holds, of the normal and of the anomalous ones."""

    normal: ObservedRate
    anomalous: ObservedRate


@define(frozen=True, kw_only=True)
class Results:
    """Metrics over test images; an undefined one is null and `reasons` says why.

    `f1_max_threshold` is an oracle's: it is fitted to the test labels and never deployed. `metrics` are the
    counts and ratios at the deployed threshold: tp, fp, tn, fn, precision, recall, f1, specificity, accuracy;
    they know two verdicts, so an image in the review band, which is below the threshold, is not flagged.

    At the deployed threshold, too: the false-alarm rate of normal images, overall and by group, and the miss
    rate of anomalous ones, overall and by defect. An image in the review band is neither missed nor a false
    alarm nor passed: `review` counts them, and a miss is below the band. `operating_points` are oracles:
    `tpr_at_fpr` (defects found within the limit of false alarms), `fpr_at_tpr` (at 95 % found) and
    `normals_passed` (within the limit of misses). `intervals` hold a bootstrap interval by the metric's name;
    `auroc_delong` is DeLong's interval of AUROC.
    """

    auroc: float | None
    average_precision: float | None
    f1_max: float | None
    f1_max_threshold: float | None
    metrics: dict[str, Any] | None
    pixel_metrics: PixelResults | None
    reasons: dict[str, str] = field(factory=dict)
    flags: dict[str, tuple[str, ...]] = field(factory=dict)
    false_alarm_rate: ObservedRate | None = None
    miss_rate: ObservedRate | None = None
    review: ReviewCounts | None = None
    miss_rate_per_defect: dict[str, ObservedRate] = field(factory=dict)
    false_alarm_rate_per_group: dict[str, ObservedRate] = field(factory=dict)
    operating_points: dict[str, OperatingPoint] = field(factory=dict)
    intervals: dict[str, Interval] = field(factory=dict)
    auroc_delong: Interval | None = None

    @property
    def auroc_interval(self) -> Interval | None:
        """DeLong's interval of AUROC; the bootstrap's where that is undefined."""
        exact = self.auroc_delong
        return exact if exact is not None and exact.low is not None else self.intervals.get("auroc")


@define(frozen=True, kw_only=True)
class InputFailure:
    """An image that could not be used, in whichever part of the run."""

    role: str
    input: str
    error: Failure


@define(frozen=True, kw_only=True)
class TrainTiles:
    """How many tiles of the train images were fitted, and how many they have."""

    fitted: int
    available: int


@define(frozen=True, kw_only=True)
class Parity:
    """How far the exported graph is from the fitted model that it was made of, on images of the run.

    `score` and `anomaly_map` are the largest differences over `image_count` images that were not fitted,
    where there are such, else over train images; tiles where images are tiled. That of a score is relative to
    it, that of a map to its peak or, where that is larger, to the peak of the first image with grey noise.
    Above `tolerance` no report is written: the category fails.
    """

    image_count: int
    score: float
    anomaly_map: float
    tolerance: float


@define(frozen=True, kw_only=True)
class DecidingImage:
    """The calibration image that alone sets the image threshold, where defects are missed for that.

    `input` is its path and `score` its score, the highest; `next_score` is the next highest. At a threshold
    just above that, `found_without` of the `missed_count` missed defects would be found, and
    `false_alarms_without` more normal test images flagged. It changes no threshold: the image may be normal.
    """

    input: str
    score: float
    next_score: float
    missed_count: int
    found_without: int
    false_alarms_without: int


@define(frozen=True, kw_only=True)
class Variant:
    """Another graph of the same fit, with thresholds and metrics of its own; paths are as in the report."""

    checkpoint: Checkpoint
    threshold: Threshold
    pixel_threshold: Threshold
    review_threshold: Threshold | None
    results: Results
    self_test: SelfTest
    reference: dict[str, ReferenceSample] = field(factory=dict, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class CategoryReport:
    """All that is known of one category's run.

    `checkpoint.path`, `region.path` and `state.path` are relative to the run directory. `region` is the
    region of interest, where there is one, and `train_tiles` are counted where images are tiled. `state` is
    what a later update goes on from, where the detector can be updated. `parity` is null where a detector
    offers no model to compare with. `int8` is the 8-bit variant, where the config asks for one. `reference`
    tells what the calibration normals looked like, by quantity, as in `infer_config.json`.
    `deciding_image` is there where one calibration image alone sets a threshold that defects stay below.
    """

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
    review_threshold: Threshold | None = None
    failures: tuple[InputFailure, ...] = ()
    issues: tuple[Issue, ...] = ()
    environment: dict[str, Any] = field(factory=dict)
    region: RegionFile | None = field(default=None, metadata={"omit_default": True})
    train_tiles: TrainTiles | None = field(default=None, metadata={"omit_default": True})
    state: NamedFile | None = field(default=None, metadata={"omit_default": True})
    parity: Parity | None = None
    int8: Variant | None = field(default=None, metadata={"omit_default": True})
    deciding_image: DecidingImage | None = field(default=None, metadata={"omit_default": True})
    reference: dict[str, ReferenceSample] = field(factory=dict, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class ParentRun:
    """The run that an update went on from; `added` counts the new images by category."""

    name: str
    report_sha256: str
    infer_config_sha256: str | None
    added: dict[str, int]


@define(frozen=True, kw_only=True)
class RunReport:
    """A whole run; `mean_metrics` are macro averages; where a category lacks a metric, it has none.

    `parent` is the run that an update went on from.
    """

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
    parent: ParentRun | None = field(default=None, metadata={"omit_default": True})
