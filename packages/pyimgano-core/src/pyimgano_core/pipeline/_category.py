"""One category: fit, freeze the graph, then calibrate and evaluate through that graph alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.infer_config import Preprocessing, SelfTest
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import CategoryReport, InputFailure
from pyimgano_core.detectors import ScorerGraph, create_detector
from pyimgano_core.errors import DataError
from pyimgano_core.evaluation import evaluate
from pyimgano_core.metrics import Sketch
from pyimgano_core.pipeline._calibration import calibrate_category, score_samples
from pyimgano_core.pipeline._report import make_report
from pyimgano_core.pipeline._source import SampleImages
from pyimgano_core.scoring import OnnxScorer, run_self_test

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import DatasetConfig, RunConfig
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.evaluation import MapSink
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class CategoryRun:
    """What one category's run leaves: the graph, the report, and a line per calibration and test image.

    From `sketch` intervals, other limits and other groupings can be had without another run.
    """

    graph: ScorerGraph
    report: CategoryReport
    predictions: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    sketch: Sketch
    seconds: dict[str, float]


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
    preprocessing = _preprocessing(config.dataset)
    graph, failures = _fit(split, preprocessing, config, base, progress)
    clock.lap("fit")
    clock.laps |= {f"fit.{step}": value for step, value in graph.info.get("seconds", {}).items()}
    scorer = OnnxScorer(graph.model)
    calibration = calibrate_category(split, prepared.hashes, scorer, preprocessing, config, progress=progress)
    clock.lap("calibrate")
    scored = score_samples(split.test, scorer, preprocessing, progress, f"{split.category}: test")
    evaluation = evaluate(
        scored,
        category,
        thresholds=calibration.thresholds,
        config=config.evaluation,
        seed=config.seed,
        map_sink=map_sink,
    )
    clock.lap("evaluate")
    failures += _failures("calibration", calibration.predictions)
    failures += _failures("test", evaluation.predictions)
    report = make_report(
        category,
        prepared,
        graph,
        preprocessing=preprocessing,
        evaluation=evaluation,
        self_test=SelfTest(**run_self_test(scorer)),
        failures=failures,
        seed=config.seed,
    )
    return CategoryRun(
        graph=graph,
        report=report,
        predictions=evaluation.predictions,
        calibration=calibration.predictions,
        sketch=evaluation.sketch,
        seconds=clock.laps,
    )


def _preprocessing(dataset: DatasetConfig) -> Preprocessing:
    return Preprocessing(resize=dataset.resize, sixteen_bit_range=dataset.sixteen_bit_range)


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
