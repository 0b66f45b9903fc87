"""The report of a category's run, and what deployment takes from it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.contracts.infer_config import CategoryModel, Checkpoint, Preprocessing, SelfTest
from pyimgano_core.contracts.report import CategoryReport, DatasetSummary, InputFailure
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.environment import describe_environment
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline._provenance import RunFacts, with_run_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.detectors import ScorerGraph
    from pyimgano_core.evaluation import Evaluation
    from pyimgano_core.preparation import Prepared, PreparedCategory


def checkpoint_path(slug: str) -> str:
    """Return where a category's graph stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/model.onnx"


def make_report(
    category: PreparedCategory,
    prepared: Prepared,
    graph: ScorerGraph,
    *,
    preprocessing: Preprocessing,
    evaluation: Evaluation,
    self_test: SelfTest,
    failures: list[InputFailure],
    seed: int,
) -> CategoryReport:
    """Return the report of a category; the same run gives the same report, byte for byte.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        graph: what was fitted.
        preprocessing: what stands before the graph.
        evaluation: of the test images, through the graph.
        self_test: what the graph answers to the probe image.
        failures: of all images.
        seed: of the run.
    """
    name = category.split.category
    slug = category_slug(name)
    checkpoint = _checkpoint(graph.model, slug)
    split_fingerprint = fingerprint(category.split, prepared.hashes)
    thresholds = with_run_facts(
        evaluation.thresholds,
        RunFacts(
            split_sha256=split_fingerprint.sha256,
            calibration_sha256=_calibration_sha256(category.split, prepared.hashes),
            checkpoint_sha256=checkpoint.sha256,
            score_reduction=graph.info.get("score_reduction"),
            seed=seed,
        ),
    )
    facts = {key: value for key, value in graph.info.items() if key != "seconds"}  # reports repeat exactly
    return CategoryReport(
        category=name,
        slug=slug,
        dataset_summary=evolve(summarize_split(category.split), failed_count=len(failures)),
        split_fingerprint=split_fingerprint,
        pixel_metrics_status=category.gate,
        threshold=thresholds.image,
        pixel_threshold=thresholds.pixel,
        review_threshold=thresholds.review,
        results=evaluation.results,
        checkpoint=checkpoint,
        preprocessing=preprocessing,
        self_test=self_test,
        detector={"name": graph.detector, **facts},
        environment=describe_environment(),
        failures=tuple(failures),
        issues=tuple(issue for issue in prepared.issues if issue.category == name),
    )


def _calibration_sha256(split: CategorySplit, hashes: Mapping[Path, str]) -> str | None:
    if not split.calibration:
        return None
    return contents_sha256(hashes.get(sample.image, "missing") for sample in split.calibration)


def _checkpoint(model: bytes, slug: str) -> Checkpoint:
    digest = hashlib.sha256(model).hexdigest()
    return Checkpoint(path=checkpoint_path(slug), sha256=digest, size_bytes=len(model))


def category_model(report: CategoryReport, checkpoint: str) -> CategoryModel:
    """Return what deployment needs of a category's report, its graph standing at the path `checkpoint`."""
    return CategoryModel(
        checkpoint=evolve(report.checkpoint, path=checkpoint),
        preprocessing=report.preprocessing,
        threshold=report.threshold,
        pixel_threshold=report.pixel_threshold,
        self_test=report.self_test,
        split_fingerprint=report.split_fingerprint.sha256,
        review_threshold=_band(report.review_threshold),
    )


def required_features(models: Iterable[CategoryModel]) -> tuple[str, ...]:
    """Return what a reader of a config with these `models` must know of, sorted."""
    features = set()
    for model in models:
        if model.review_threshold is not None:
            features.add("review_band")
        if model.pixel_threshold is not None and model.pixel_threshold.minimum_area > 1:
            features.add("minimum_area")
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
