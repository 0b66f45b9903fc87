"""The report of a category's run, and what deployment takes from it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    NamedFile,
    Preprocessing,
    RegionFile,
    SelfTest,
)
from pyimgano_core.contracts.report import (
    CategoryReport,
    DatasetSummary,
    InputFailure,
    Parity,
    TrainTiles,
    Variant,
)
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.environment import describe_environment
from pyimgano_core.evaluation import Evaluation
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline._calibration import Calibration
from pyimgano_core.pipeline._provenance import RunFacts, with_run_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.detectors import ScorerGraph
    from pyimgano_core.preparation import Prepared, PreparedCategory


@define(frozen=True, kw_only=True)
class Measured:
    """A graph as an ONNX file, its thresholds, and what it is worth."""

    model: bytes
    calibration: Calibration
    evaluation: Evaluation
    self_test: SelfTest


def checkpoint_path(slug: str) -> str:
    """Return where a category's graph stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/model.onnx"


def make_report(
    category: PreparedCategory,
    prepared: Prepared,
    graph: ScorerGraph,
    *,
    preprocessing: Preprocessing,
    exact: Measured,
    int8: Measured | None,
    parity: Parity | None,
    failures: list[InputFailure],
    seed: int,
    region: RegionFile | None = None,
    train_tiles: TrainTiles | None = None,
    state: NamedFile | None = None,
) -> CategoryReport:
    """Return the report of a category; the same run gives the same report, byte for byte.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        graph: what was fitted.
        preprocessing: what stands before the graph.
        exact: of the graph itself.
        int8: of its 8-bit variant, where there is one.
        parity: of the graph and the fitted model.
        failures: of all images.
        seed: of the run.
        region: the region of interest, where there is one.
        train_tiles: how many tiles were fitted, with tiling.
        state: what a later update goes on from, where there is such a thing.
    """
    name = category.split.category
    slug = category_slug(name)
    split_fingerprint = fingerprint(category.split, prepared.hashes)
    origin = RunFacts(
        split_sha256=split_fingerprint.sha256,
        calibration_sha256=_calibration_sha256(category.split, prepared.hashes),
        score_reduction=graph.info.get("score_reduction"),
        seed=seed,
    )
    own = _variant(exact, checkpoint_path(slug), origin)
    facts = {key: value for key, value in graph.info.items() if key != "seconds"}  # reports repeat exactly
    return CategoryReport(
        category=name,
        slug=slug,
        dataset_summary=evolve(summarize_split(category.split), failed_count=len(failures)),
        split_fingerprint=split_fingerprint,
        pixel_metrics_status=category.gate,
        threshold=own.threshold,
        pixel_threshold=own.pixel_threshold,
        review_threshold=own.review_threshold,
        results=own.results,
        checkpoint=own.checkpoint,
        preprocessing=preprocessing,
        self_test=own.self_test,
        detector={"name": graph.detector, **facts},
        environment=describe_environment(),
        failures=tuple(failures),
        issues=tuple(issue for issue in prepared.issues if issue.category == name),
        region=region,
        train_tiles=train_tiles,
        state=state,
        parity=parity,
        int8=None if int8 is None else _variant(int8, f"checkpoints/{slug}/model_int8.onnx", origin),
    )


def _variant(measured: Measured, path: str, origin: RunFacts) -> Variant:
    digest = hashlib.sha256(measured.model).hexdigest()
    thresholds = with_run_facts(measured.evaluation.thresholds, origin, checkpoint_sha256=digest)
    return Variant(
        checkpoint=Checkpoint(path=path, sha256=digest, size_bytes=len(measured.model)),
        threshold=thresholds.image,
        pixel_threshold=thresholds.pixel,
        review_threshold=thresholds.review,
        results=measured.evaluation.results,
        self_test=measured.self_test,
    )


def int8_report(report: CategoryReport) -> CategoryReport | None:
    """Return a category's report as that of its 8-bit graph, or None where there is none."""
    variant = report.int8
    if variant is None:
        return None
    return evolve(
        report,
        checkpoint=variant.checkpoint,
        threshold=variant.threshold,
        pixel_threshold=variant.pixel_threshold,
        review_threshold=variant.review_threshold,
        results=variant.results,
        self_test=variant.self_test,
        int8=None,
    )


def _calibration_sha256(split: CategorySplit, hashes: Mapping[Path, str]) -> str | None:
    if not split.calibration:
        return None
    return contents_sha256(hashes.get(sample.image, "missing") for sample in split.calibration)


def category_model(report: CategoryReport, run: str) -> CategoryModel:
    """Return what deployment needs of a category's report.

    Args:
        report: the category's; its files stand in the run directory.
        run: the run directory, as paths are to be written, such as `..`.
    """
    region = report.region
    return CategoryModel(
        checkpoint=evolve(report.checkpoint, path=f"{run}/{report.checkpoint.path}"),
        preprocessing=report.preprocessing,
        threshold=report.threshold,
        pixel_threshold=report.pixel_threshold,
        self_test=report.self_test,
        split_fingerprint=report.split_fingerprint.sha256,
        review_threshold=_band(report.review_threshold),
        region=None if region is None else evolve(region, path=f"{run}/{region.path}"),
    )


def required_features(models: Iterable[CategoryModel]) -> tuple[str, ...]:
    """Return what a reader of a config with these `models` must know of, sorted."""
    features = set()
    for model in models:
        if model.review_threshold is not None:
            features.add("review_band")
        if model.pixel_threshold is not None and model.pixel_threshold.minimum_area > 1:
            features.add("minimum_area")
        if model.preprocessing.tiling is not None:
            features.add("tiling")
        if model.region is not None:
            features.add("region")
    return tuple(sorted(features))


def _band(review: Threshold | None) -> Threshold | None:
    """Return what begins the review band, or None for a band without width."""
    return review if review is not None and review.value is not None else None


def summarize_split(split: CategorySplit) -> DatasetSummary:
    """Return a category's counts."""
    anomalies = sum(sample.record.label for sample in split.test)
    return DatasetSummary(
        train_count=len(split.train),
        calibration_count=len(split.calibration),
        test_count=len(split.test),
        test_anomaly_count=anomalies,
        test_anomaly_ratio=anomalies / len(split.test) if split.test else None,
        group_conflicts_allowed=split.group_conflicts,
    )
