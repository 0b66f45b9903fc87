"""The test images of a category, each looked at once: lines, metrics, intervals and a sketch of them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import define, evolve
from numpy.typing import NDArray

from pyimgano_core.contracts.prediction import Failure, Prediction, StoredArray
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.contracts.report import Results
from pyimgano_core.evaluation._images import image_results
from pyimgano_core.evaluation._pixels import PixelEvaluation, mask_of
from pyimgano_core.evaluation._predictions import predict
from pyimgano_core.evaluation._thresholds import DeployedThresholds, raises_alarm, with_test_rates
from pyimgano_core.evaluation._uncertainty import with_intervals
from pyimgano_core.images import fit_interest, lower_outside
from pyimgano_core.metrics import ScoredImage, Sketch, SketchAccumulator
from pyimgano_core.pixel_gate import is_evaluated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.evaluation._predictions import ScoredInput
    from pyimgano_core.preparation import PreparedCategory


@define(frozen=True, kw_only=True, eq=False)
class SeenMap:
    """An anomaly map (H, W) and where the image was looked at, (H, W), None for everywhere.

    Outside, the map is 0, or the lowest value inside where that is below 0, and nothing is ever flagged.
    """

    values: NDArray[np.floating]
    inside: NDArray[np.bool_] | None


class MapSink(Protocol):
    """Stores an anomaly map and says where."""

    def __call__(self, index: int, sample: Sample, anomaly_map: NDArray[np.floating]) -> StoredArray:
        """Store the (H, W) map of the test image number `index`."""
        ...


class MapViewer(Protocol):
    """Looks at an anomaly map while it passes by, beside the line of its image."""

    def __call__(self, line: Prediction, sample: Sample, seen: SeenMap, pixel: Threshold) -> None:
        """Look at the map of a test image, with the pixel threshold in use."""
        ...


@define(frozen=True, kw_only=True)
class Evaluation:
    """Predictions of all test images, failures included, and the metrics of the others.

    `thresholds` are those that were given, with their rates on the test normals. From `sketch` intervals,
    other limits and other groupings can be had later.
    """

    predictions: tuple[Prediction, ...]
    results: Results
    thresholds: DeployedThresholds
    sketch: Sketch


def evaluate(
    scored: Iterable[ScoredInput | Failure],
    prepared: PreparedCategory,
    *,
    thresholds: DeployedThresholds,
    config: EvaluationConfig,
    seed: int,
    interest: NDArray[np.bool_] | None = None,
    map_sink: MapSink | None = None,
    map_viewer: MapViewer | None = None,
) -> Evaluation:
    """Return the evaluation of a category's test images.

    Args:
        scored: a result per test sample, in order.
        prepared: the category with its masks' states and its gate.
        thresholds: those in use; nothing is fitted to the test images.
        config: what is measured, and how.
        seed: of the bootstrap.
        interest: the region of interest, bool (h, w) of any size; pixels outside do not count. None counts
            all.
        map_sink: where anomaly maps are kept, if they are.
        map_viewer: what else looks at them.
    """
    gathered = _Gathered(prepared, thresholds, config, interest)
    tests = zip(scored, prepared.split.test, prepared.masks, strict=True)
    for index, (result, sample, mask_state) in enumerate(tests):
        line = predict(
            index, sample, result, threshold=thresholds.image.value, review=thresholds.review_value
        )
        if not isinstance(result, Failure):
            seen = gathered.add(result, sample, pixels_count=is_evaluated(sample, mask_state, prepared.gate))
            if seen is not None and map_sink is not None:
                line = evolve(line, anomaly_map=map_sink(index, sample, seen.values))
            if seen is not None and map_viewer is not None:
                map_viewer(line, sample, seen, thresholds.pixel)
        gathered.predictions.append(line)
    return gathered.finish(seed)


class _Gathered:
    """What the passing images leave behind."""

    def __init__(
        self,
        prepared: PreparedCategory,
        thresholds: DeployedThresholds,
        config: EvaluationConfig,
        interest: NDArray[np.bool_] | None,
    ) -> None:
        self.predictions: list[Prediction] = []
        self._gate = prepared.gate
        self._thresholds = thresholds
        self._config = config
        self._interest = interest
        self._pixels = PixelEvaluation(config, thresholds.pixel)
        self._sketch = SketchAccumulator(
            pixel_threshold=thresholds.pixel.value,
            minimum_area=thresholds.pixel.minimum_area,
            saturation=config.saturation,
        )
        self._map_alarms: list[bool] = []  # of normal images

    def add(self, result: ScoredInput, sample: Sample, *, pixels_count: bool) -> SeenMap | None:
        """Add an image, and return its map as it counts, where it has one."""
        seen = None if result.anomaly_map is None else self._look_at(result.anomaly_map, sample)
        scores, mask, counted = None, None, None
        if seen is not None:
            self._count_alarm(seen, sample)
            if pixels_count:
                scores, mask, counted = seen.values, mask_of(sample, seen.values.shape[:2]), seen.inside
                self._pixels.update(sample, scores, mask, counted)
        self._sketch.update(
            ScoredImage(
                name=sample.record.image_path,
                score=result.score,
                anomalous=sample.record.label == ANOMALOUS,
                scores=scores,
                mask=mask,
                group=sample.record.group_id,
                counted=counted,
            )
        )
        return seen

    def finish(self, seed: int) -> Evaluation:
        results = image_results(self.predictions, self._config)
        predictions = self.predictions
        if self._gate.enabled:
            pixel, per_image = self._pixels.result(self._gate.subset)
            results = evolve(results, pixel_metrics=pixel)
            predictions = [evolve(line, aupimo=per_image.get(line.input)) for line in predictions]
        sketch = self._sketch.result()
        level = self._config.interval_level
        return Evaluation(
            predictions=tuple(predictions),
            results=with_intervals(results, sketch, self._config, seed),
            thresholds=with_test_rates(self._thresholds, predictions, self._map_alarms, level=level),
            sketch=sketch,
        )

    def _look_at(self, anomaly_map: NDArray[np.floating], sample: Sample) -> SeenMap:
        if self._interest is None:
            return SeenMap(values=anomaly_map, inside=None)
        inside = fit_interest(self._interest, anomaly_map.shape, sample.image)
        return SeenMap(values=lower_outside(anomaly_map, inside), inside=inside)

    def _count_alarm(self, seen: SeenMap, sample: Sample) -> None:
        if sample.record.label == NORMAL:
            alarm = raises_alarm(seen.values, self._thresholds.pixel, seen.inside)
            if alarm is not None:
                self._map_alarms.append(alarm)
