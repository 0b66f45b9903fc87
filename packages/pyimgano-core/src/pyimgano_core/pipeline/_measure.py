"""What a frozen graph is worth: its own thresholds, its metrics, and a line for every image it scored."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.infer_config import Checkpoint, SelfTest
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import DecidingImage, InputFailure, Variant
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.evaluation import (
    Evaluation,
    ScoringFacts,
    deciding_image,
    evaluate,
    with_scoring_facts,
)
from pyimgano_core.pipeline._calibration import calibrate_category, score_samples
from pyimgano_core.scoring import OnnxScorer, run_self_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_core.detectors import ScorerGraph
    from pyimgano_core.detectors.clock import Clock
    from pyimgano_core.evaluation import MapSink, MapViewer
    from pyimgano_core.pipeline._calibration import Calibration
    from pyimgano_core.pipeline._inputs import CategoryInputs
    from pyimgano_core.preparation import Prepared, PreparedCategory
    from pyimgano_core.progress import Progress
    from pyimgano_core.scoring import Scorer


@define(frozen=True, kw_only=True)
class Measured:
    """What the report holds of a graph, a line per calibration image, and the test images."""

    variant: Variant
    deciding: DecidingImage | None
    calibration: tuple[Prediction, ...]
    evaluation: Evaluation

    @property
    def failures(self) -> tuple[InputFailure, ...]:
        """The calibration and the test images that could not be scored."""
        roles = (("calibration", self.calibration), ("test", self.evaluation.predictions))
        return tuple(failure for role, lines in roles for failure in _failures(role, lines))


class Measuring:
    """Measures the graphs of one fit on the same images."""

    def __init__(
        self,
        category: PreparedCategory,
        prepared: Prepared,
        config: RunConfig,
        inputs: CategoryInputs,
        *,
        graph: ScorerGraph,
        progress: Progress,
        clock: Clock,
    ) -> None:
        self._category = category
        self._hashes = prepared.hashes
        self._config = config
        self._inputs = inputs
        self._facts = _run_facts(category.split, prepared.hashes, graph, config.seed)
        self._progress = progress
        self._clock = clock

    def measure(
        self,
        model: bytes,
        path: str,
        *,
        step: str = "",
        map_sink: MapSink | None = None,
        map_viewer: MapViewer | None = None,
    ) -> Measured:
        """Calibrate and evaluate an ONNX file that `path` is for; the names of its laps begin with `step`."""
        config, inputs, progress, split = self._config, self._inputs, self._progress, self._category.split
        scorer = OnnxScorer(model)
        calibration = calibrate_category(split, self._hashes, scorer, inputs, config, progress=progress)
        self._clock.lap(f"{step}calibrate")
        evaluation = evaluate(
            score_samples(split.test, scorer, inputs, progress, f"{split.category}: test"),
            self._category,
            thresholds=calibration.thresholds,
            config=config.evaluation,
            seed=config.seed,
            interest=inputs.interest,
            map_sink=map_sink,
            map_viewer=map_viewer,
        )
        self._clock.lap(f"{step}evaluate")
        variant = self._variant(model, path, scorer, calibration, evaluation)
        lines = calibration.predictions
        deciding = deciding_image(lines, evaluation, config.evaluation)
        return Measured(variant=variant, deciding=deciding, calibration=lines, evaluation=evaluation)

    def _variant(
        self, model: bytes, path: str, scorer: Scorer, calibration: Calibration, evaluation: Evaluation
    ) -> Variant:
        digest = hashlib.sha256(model).hexdigest()
        facts = self._facts(checkpoint_sha256=digest, runtime=scorer.runtime)
        thresholds = with_scoring_facts(evaluation.thresholds, facts)
        return Variant(
            checkpoint=Checkpoint(path=path, sha256=digest, size_bytes=len(model)),
            threshold=thresholds.image,
            pixel_threshold=thresholds.pixel,
            review_threshold=thresholds.review,
            results=evaluation.results,
            self_test=SelfTest(**run_self_test(scorer)),
            reference=calibration.reference,
        )


def _run_facts(
    split: CategorySplit, hashes: Mapping[Path, str], graph: ScorerGraph, seed: int
) -> Callable[..., ScoringFacts]:
    """Return what makes the facts of a graph of this run, given its hash and what ran it."""
    contents = [hashes.get(sample.image, "missing") for sample in split.calibration]
    return partial(
        ScoringFacts,
        split_sha256=fingerprint(split, hashes).sha256,
        calibration_sha256=contents_sha256(contents) if contents else None,
        score_reduction=graph.info.get("score_reduction"),
        seed=seed,
    )


def _failures(role: str, lines: tuple[Prediction, ...]) -> Iterator[InputFailure]:
    for line in lines:
        if line.error is not None:
            yield InputFailure(role=role, input=line.input, error=line.error)
