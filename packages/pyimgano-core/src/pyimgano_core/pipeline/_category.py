"""One category: fit, freeze the graph, then calibrate and evaluate through that graph alone."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.infer_config import SelfTest
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import CategoryReport, InputFailure
from pyimgano_core.detectors import ScorerGraph
from pyimgano_core.evaluation import evaluate
from pyimgano_core.manifest import category_slug
from pyimgano_core.metrics import Sketch
from pyimgano_core.pipeline._calibration import calibrate_category, score_samples
from pyimgano_core.pipeline._fit import fit_category
from pyimgano_core.pipeline._inputs import category_inputs, region_file
from pyimgano_core.pipeline._report import Measured, make_report
from pyimgano_core.pipeline._state import Addition, state_file
from pyimgano_core.scoring import OnnxScorer, run_self_test

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.evaluation import MapSink, MapViewer
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class CategoryRun:
    """What one category's run leaves: the graph, the report, and a line per calibration and test image.

    From `sketch` intervals, other limits and other groupings can be had without another run. `region` is the
    content of the file that `report.region` names, `state` of that which `report.state` names, and `int8` of
    the checkpoint of `report.int8`.
    """

    graph: ScorerGraph
    report: CategoryReport
    predictions: tuple[Prediction, ...]
    calibration: tuple[Prediction, ...]
    sketch: Sketch
    seconds: dict[str, float]
    region: bytes | None = None
    state: bytes | None = None
    int8: bytes | None = None


def run_category(
    category: PreparedCategory,
    prepared: Prepared,
    config: RunConfig,
    base: Path,
    progress: Progress,
    *,
    map_sink: MapSink | None = None,
    map_viewer: MapViewer | None = None,
    addition: Addition | None = None,
) -> CategoryRun:
    """Run one category.

    Args:
        category: the category, from `prepared`.
        prepared: the data set.
        config: the run config.
        base: the folder that the config's relative paths start from.
        progress: shows the long steps.
        map_sink: keeps the anomaly maps of test images, where wanted.
        map_viewer: what else looks at them.
        addition: updates an earlier fit with these images instead of fitting all train images.

    Raises:
        ArtifactError: where the state of the earlier fit is none of this detector's.
        ConfigError: where the config can't be followed.
        DataError: where no train image can be read.
    """
    clock = _Clock()
    split = category.split
    inputs = category_inputs(config, split, base)
    fitted = fit_category(split, inputs, config, base, progress, addition=addition)
    clock.lap("fit")
    clock.laps |= {f"fit.{step}": value for step, value in fitted.graph.info.get("seconds", {}).items()}
    measure = partial(_measure, category, prepared, config, inputs, progress=progress, clock=clock)
    exact = measure(fitted.graph.model, map_sink=map_sink, map_viewer=map_viewer)
    int8 = None if fitted.int8 is None else measure(fitted.int8, step="int8.")
    calibration, evaluation = exact.calibration.predictions, exact.evaluation
    failures = [
        *fitted.failures,
        *_failures("calibration", calibration),
        *_failures("test", evaluation.predictions),
    ]
    slug = category_slug(split.category)
    region, region_content = region_file(inputs.interest, slug)
    state, state_content = state_file(fitted.graph.state, slug)
    report = make_report(
        category,
        prepared,
        fitted.graph,
        preprocessing=inputs.preprocessing,
        exact=exact,
        int8=int8,
        parity=fitted.parity,
        failures=failures,
        seed=config.seed,
        region=region,
        train_tiles=fitted.tiles,
        state=state,
    )
    return CategoryRun(
        graph=fitted.graph,
        report=report,
        predictions=evaluation.predictions,
        calibration=calibration,
        sketch=evaluation.sketch,
        seconds=clock.laps,
        region=region_content,
        state=state_content,
        int8=fitted.int8,
    )


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _measure(
    category: PreparedCategory,
    prepared: Prepared,
    config: RunConfig,
    inputs: CategoryInputs,
    model: bytes,
    *,
    progress: Progress,
    clock: _Clock,
    step: str = "",
    map_sink: MapSink | None = None,
    map_viewer: MapViewer | None = None,
) -> Measured:
    """Calibrate and evaluate a graph; the clock's names begin with `step`."""
    scorer, split = OnnxScorer(model), category.split
    calibration = calibrate_category(split, prepared.hashes, scorer, inputs, config, progress=progress)
    clock.lap(f"{step}calibrate")
    scored = score_samples(split.test, scorer, inputs, progress, f"{split.category}: test")
    evaluation = evaluate(
        scored,
        category,
        thresholds=calibration.thresholds,
        config=config.evaluation,
        seed=config.seed,
        interest=inputs.interest,
        map_sink=map_sink,
        map_viewer=map_viewer,
    )
    clock.lap(f"{step}evaluate")
    return Measured(
        model=model,
        calibration=calibration,
        evaluation=evaluation,
        self_test=SelfTest(**run_self_test(scorer)),
    )


def _failures(role: str, predictions: tuple[Prediction, ...]) -> list[InputFailure]:
    return [
        InputFailure(role=role, input=prediction.input, error=prediction.error)
        for prediction in predictions
        if prediction.error is not None
    ]
