"""Scores of test images to predictions and metrics, pixels only where the gate admits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from attrs import asdict, define

from pyimgano_core.contracts.prediction import Failure, Prediction, StoredArray
from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.contracts.report import PixelResults, Results
from pyimgano_core.images import read_mask_for
from pyimgano_core.metrics import PixelAccumulator, auroc, average_precision, confusion, f1_max
from pyimgano_core.pixel_gate import is_evaluated
from pyimgano_core.thresholds import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pyimgano_core.contracts.metric import MetricValue, PixelMetrics
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_core.scoring.files import ScoredImage

_RATIOS = ("precision", "recall", "f1", "specificity", "accuracy")


class MapSink(Protocol):
    """Stores an anomaly map and says where."""

    def __call__(self, index: int, sample: Sample, anomaly_map: NDArray[np.float32]) -> StoredArray:
        """Store the (H, W) map of the test image number `index`."""
        ...


@define(frozen=True, kw_only=True)
class Evaluation:
    """Predictions of all test images, failures included, and the metrics of the others."""

    predictions: tuple[Prediction, ...]
    results: Results


def evaluate(
    scored: Iterable[ScoredImage | Failure],
    prepared: PreparedCategory,
    *,
    threshold: float | None,
    aupro_limit: float,
    map_sink: MapSink | None = None,
) -> Evaluation:
    """Return the evaluation of a category's test images.

    Args:
        scored: a result per test sample, in order.
        prepared: the category with its masks' states and its gate.
        threshold: the deployed image threshold, or None.
        aupro_limit: the false-positive rate up to which AUPRO integrates.
        map_sink: where anomaly maps are kept, if they are.
    """
    pixels = PixelAccumulator(aupro_limit=aupro_limit)
    predictions = []
    tests = zip(scored, prepared.split.test, prepared.masks, strict=True)
    for index, (result, sample, mask_state) in enumerate(tests):
        stored = None
        if not isinstance(result, Failure):
            if is_evaluated(sample, mask_state, prepared.gate):
                pixels.update(result.anomaly_map, _mask_of(sample, result.size))
            stored = map_sink(index, sample, result.anomaly_map) if map_sink is not None else None
        predictions.append(predict(index, sample, result, threshold=threshold, anomaly_map=stored))
    pixel = pixels.result() if prepared.gate.enabled else None
    results = _results(predictions, threshold, _pixel_results(pixel, prepared.gate.subset))
    return Evaluation(predictions=tuple(predictions), results=results)


def predict(
    index: int,
    sample: Sample,
    result: ScoredImage | Failure,
    *,
    threshold: float | None,
    anomaly_map: StoredArray | None = None,
) -> Prediction:
    """Return the line of one image; the record's group, defect and meta travel along."""
    record = sample.record
    scored, failure = (None, result) if isinstance(result, Failure) else (result, None)
    score = None if scored is None else scored.score
    return Prediction(
        index=index,
        status="ok" if failure is None else "error",
        input=record.image_path,
        category=record.category,
        score=score,
        threshold=threshold,
        label=verdict(score, threshold),
        y_true=record.label,
        defect=record.defect,
        group_id=record.group_id,
        image_size=None if scored is None else scored.size,
        anomaly_map=anomaly_map,
        error=failure,
        meta=record.meta or None,
    )


def _mask_of(sample: Sample, size: tuple[int, int]) -> NDArray[np.bool_]:
    if sample.mask is None or sample.record.label == NORMAL:
        return np.zeros(size, dtype=np.bool_)
    return read_mask_for(sample.mask, size)


def _results(
    predictions: list[Prediction], threshold: float | None, pixel_metrics: PixelResults | None
) -> Results:
    usable = [prediction for prediction in predictions if prediction.score is not None]
    scores = np.array([prediction.score for prediction in usable], dtype=np.float64)  # (N,)
    labels = np.array([prediction.y_true for prediction in usable], dtype=np.int64)  # (N,)
    values = {
        "auroc": auroc(scores, labels),
        "average_precision": average_precision(scores, labels),
        "f1_max": f1_max(scores, labels),
    }
    return Results(
        auroc=values["auroc"].value,
        average_precision=values["average_precision"].value,
        f1_max=values["f1_max"].value,
        f1_max_threshold=values["f1_max"].threshold,
        metrics=_metrics_at(scores, labels, threshold),
        pixel_metrics=pixel_metrics,
        reasons=_reasons(values),
        flags={name: value.flags for name, value in values.items() if value.flags},
    )


def _metrics_at(
    scores: NDArray[np.float64], labels: NDArray[np.int64], threshold: float | None
) -> dict[str, Any] | None:
    if threshold is None:
        return None
    counts = confusion(scores, labels, threshold)
    return {**asdict(counts), **{name: getattr(counts, name) for name in _RATIOS}}


def _reasons(values: dict[str, MetricValue]) -> dict[str, str]:
    return {name: value.reason for name, value in values.items() if value.reason is not None}


def _pixel_results(metrics: PixelMetrics | None, subset: str) -> PixelResults | None:
    if metrics is None:
        return None
    names = ("pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro")
    values: dict[str, MetricValue] = {name: getattr(metrics, name) for name in names}
    return PixelResults(
        **{name: value.value for name, value in values.items()},
        aupro_limit=metrics.aupro_limit,
        image_count=metrics.n_images,
        region_count=metrics.n_regions,
        subset=subset,
        reasons=_reasons(values),
    )
