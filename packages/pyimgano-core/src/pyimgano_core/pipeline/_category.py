"""One category: fit, freeze the graph, then calibrate and evaluate through that graph alone."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.infer_config import CategoryModel, Checkpoint, Preprocessing, SelfTest
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import CategoryReport, DatasetSummary, InputFailure, Results
from pyimgano_core.detectors import ScorerGraph, create_detector
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.environment import describe_environment
from pyimgano_core.errors import DataError
from pyimgano_core.evaluation import evaluate
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline._calibration import Calibration, calibrate_category, score_samples
from pyimgano_core.pipeline._source import SampleImages
from pyimgano_core.scoring import OnnxScorer, run_self_test

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.evaluation import MapSink
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class CategoryRun:
    """What one category's run leaves: the graph, the report, and a line per calibration and test image."""

    graph: ScorerGraph
    report: CategoryReport
    predictions: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    seconds: dict[str, float]


def checkpoint_path(slug: str) -> str:
    """Return where a category's graph stands in a run directory, relative to it."""
    return f"checkpoints/{slug}/model.onnx"


def run_category(
    category: PreparedCategory,
    prepared: Prepared,
    config: RunConfig,
    base: Path,
    progress: Progress,
    *,
    map_sink: MapSink | None = None,
) -> CategoryRun:
    """Run one category.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        config: the run config.
        base: the folder that the config's relative paths start from.
        progress: shows the long steps.
        map_sink: keeps the anomaly maps of test images, where wanted.

    Raises:
        DataError: where no train image can be read.
    """
    clock = _Clock()
    split = category.split
    preprocessing = Preprocessing(
        resize=config.dataset.resize, sixteen_bit_range=config.dataset.sixteen_bit_range
    )
    graph, failures = _fit(split, preprocessing, config, base, progress)
    clock.lap("fit")
    clock.laps |= {f"fit.{step}": value for step, value in graph.info.get("seconds", {}).items()}
    scorer = OnnxScorer(graph.model)
    calibration = calibrate_category(
        split, prepared.hashes, scorer, preprocessing, config=config.threshold, progress=progress
    )
    clock.lap("calibrate")
    scored = score_samples(split.test, scorer, preprocessing, progress, f"{split.category}: test")
    evaluation = evaluate(
        scored,
        category,
        threshold=calibration.image.value,
        aupro_limit=config.evaluation.aupro_limit,
        map_sink=map_sink,
    )
    clock.lap("evaluate")
    failures += _failures("calibration", calibration.predictions)
    failures += _failures("test", evaluation.predictions)
    report = _report(
        category,
        prepared,
        graph,
        preprocessing=preprocessing,
        calibration=calibration,
        results=evaluation.results,
        self_test=SelfTest(**run_self_test(scorer)),
        failures=failures,
    )
    return CategoryRun(
        graph=graph,
        report=report,
        predictions=evaluation.predictions,
        calibration=calibration.predictions,
        seconds=clock.laps,
    )


def _report(
    category: PreparedCategory,
    prepared: Prepared,
    graph: ScorerGraph,
    *,
    preprocessing: Preprocessing,
    calibration: Calibration,
    results: Results,
    self_test: SelfTest,
    failures: list[InputFailure],
) -> CategoryReport:
    name = category.split.category
    slug = category_slug(name)
    facts = {key: value for key, value in graph.info.items() if key != "seconds"}  # reports repeat exactly
    return CategoryReport(
        category=name,
        slug=slug,
        dataset_summary=evolve(summarize_split(category.split), failed_count=len(failures)),
        split_fingerprint=fingerprint(category.split, prepared.hashes),
        pixel_metrics_status=category.gate,
        threshold=calibration.image,
        pixel_threshold=calibration.pixel,
        results=results,
        checkpoint=_checkpoint(graph.model, slug),
        preprocessing=preprocessing,
        self_test=self_test,
        detector={"name": graph.detector, **facts},
        environment=describe_environment(),
        failures=tuple(failures),
        issues=tuple(issue for issue in prepared.issues if issue.category == name),
    )


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _fit(
    split: CategorySplit, preprocessing: Preprocessing, config: RunConfig, base: Path, progress: Progress
) -> tuple[ScorerGraph, list[InputFailure]]:
    detector = create_detector(config.model, base)
    label = f"{split.category}: train images"
    with SampleImages(split.train, preprocessing, progress, label) as images:
        if len(images) == 0:
            first = images.failures[0].error.message if images.failures else "there are none"
            raise DataError(f"category {split.category!r}: no train image can be read ({first})")
        graph = detector.fit(images, seed=config.seed, device=config.model.device, progress=progress)
        return evolve(graph, reference=None), images.failures  # frees the fitted model


def _failures(role: str, predictions: tuple[Prediction, ...]) -> list[InputFailure]:
    return [
        InputFailure(role=role, input=prediction.input, error=prediction.error)
        for prediction in predictions
        if prediction.error is not None
    ]


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
    )


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
