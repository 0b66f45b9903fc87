"""What `pyimgano-core evaluate` measured: predictions in files, held against a manifest."""

from __future__ import annotations

from typing import ClassVar

from attrs import define, field

from pyimgano_core.contracts.config import EvaluationConfig, ThresholdConfig
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.report import InputFailure, Results
from pyimgano_core.contracts.split import Fingerprint
from pyimgano_core.contracts.threshold import Threshold


@define(frozen=True, kw_only=True)
class PredictionsSource:
    """A file of predictions as it was read.

    `line_count` counts the lines that hold something, `bad_line_count` those that can't be used.
    `keys` tells how often each key of a line was read, such as `image_path` and `pred_score`.
    """

    path: str
    sha256: str
    line_count: int
    bad_line_count: int = 0
    keys: dict[str, int] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Matching:
    """Which lines belong to which records.

    `by_text`, `by_file` and `by_suffix` count the lines that were matched by the manifest's own text, by the
    file that both mean, and by the end of the path. `not_tested` are those among them whose record is not a
    test record. `unmatched` and `ambiguous` lines have no record, or several; `without_prediction` counts
    the test records that have no line.
    """

    by_text: int = 0
    by_file: int = 0
    by_suffix: int = 0
    not_tested: int = 0
    unmatched: int = 0
    ambiguous: int = 0
    without_prediction: int = 0


@define(frozen=True, kw_only=True)
class MapCounts:
    """The anomaly maps of the images whose pixels count; `resized` ones had another size than their image."""

    needed: int = 0
    usable: int = 0
    resized: int = 0


@define(frozen=True, kw_only=True)
class CategoryEvaluation:
    """All that was measured of one category; `test_count` includes the images in `failures`.

    Without a manifest there is no `split_fingerprint`. Without a map path in the lines, or where pixels can't
    count for another reason, `maps` is all 0.
    """

    category: str
    slug: str
    test_count: int
    test_anomaly_count: int
    pixel_metrics_status: PixelGate
    maps: MapCounts
    threshold: Threshold
    pixel_threshold: Threshold
    results: Results
    review_threshold: Threshold | None = None
    split_fingerprint: Fingerprint | None = None
    failures: tuple[InputFailure, ...] = ()


@define(frozen=True, kw_only=True)
class EvaluationReport:
    """The metrics of predictions in files; `issues` are what is wrong with the lines, maps and records.

    `infer_config` is the deployed config whose thresholds were used. `mean_metrics` are macro averages; where
    a category lacks a metric, it has none.
    """

    KIND: ClassVar[str] = "pyimgano.evaluation"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.evaluation"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    predictions: PredictionsSource
    manifest: str | None = None
    calibration: PredictionsSource | None = None
    seed: int
    threshold_config: ThresholdConfig
    evaluation_config: EvaluationConfig
    matching: Matching | None = None
    categories: tuple[str, ...]
    infer_config: str | None = None
    mean_metrics: dict[str, float | None] = field(factory=dict)
    per_category: dict[str, CategoryEvaluation] = field(factory=dict)
    issues: tuple[Issue, ...] = ()
