"""Everything that is gathered over the pixels of test images while their maps pass by, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.contracts.report import PixelResults, PixelVerdicts
from pyimgano_core.evaluation._images import reasons
from pyimgano_core.images import read_mask_for
from pyimgano_core.metrics import PIXEL_METRICS, PixelAccumulator, PixelDecisionAccumulator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.metric import MetricValue, PixelDecisions, PixelMetrics
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.threshold import Threshold


class PixelEvaluation:
    """Gathers maps with their masks: the metrics over all thresholds, and those of the one in use."""

    def __init__(self, config: EvaluationConfig, pixel: Threshold) -> None:
        self._metrics = PixelAccumulator(
            config.aupro_limit, saturation=config.saturation, aupimo_limits=config.aupimo_limits
        )
        self._decisions = (
            None if pixel.value is None else PixelDecisionAccumulator(pixel.value, pixel.minimum_area)
        )
        self._minimum_area = pixel.minimum_area

    def update(
        self,
        sample: Sample,
        anomaly_map: NDArray[np.floating],
        mask: NDArray[np.bool_],
        counted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add one image's map (H, W) with its mask (H, W), of which `counted` (H, W) counts, or all."""
        anomalous, name = sample.record.label == ANOMALOUS, sample.record.image_path
        self._metrics.update(anomaly_map, mask, name=name, anomalous=anomalous, counted=counted)
        if self._decisions is not None:
            self._decisions.update(anomaly_map, mask, name=name, counted=counted)

    def result(self, subset: str) -> tuple[PixelResults, dict[str, float]]:
        """Return the metrics of all images so far, and AUPIMO of each anomalous one by its path."""
        metrics = self._metrics.result()
        decisions = None if self._decisions is None else self._decisions.result()
        per_image = {} if metrics.aupimo is None else metrics.aupimo.images
        return _pixel_results(metrics, decisions, self._minimum_area, subset), per_image


def mask_of(sample: Sample, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of an image of `size`: all False for a normal one."""
    if sample.mask is None or sample.record.label == NORMAL:
        return np.zeros(size, dtype=np.bool_)
    return read_mask_for(sample.mask, size)


def _pixel_results(
    metrics: PixelMetrics, decisions: PixelDecisions | None, minimum_area: int, subset: str
) -> PixelResults:
    values: dict[str, MetricValue] = {name: getattr(metrics, name) for name in PIXEL_METRICS}
    if metrics.au_spro is not None:
        values["au_spro"] = metrics.au_spro
    if metrics.aupimo is not None:
        values["aupimo"] = metrics.aupimo.mean
    return PixelResults(
        pixel_auroc=metrics.pixel_auroc.value,
        pixel_average_precision=metrics.pixel_average_precision.value,
        pixel_f1_max=metrics.pixel_f1_max.value,
        pixel_f1_max_threshold=metrics.pixel_f1_max.threshold,
        aupro=metrics.aupro.value,
        aupro_limit=metrics.aupro_limit,
        image_count=metrics.n_images,
        region_count=metrics.n_regions,
        subset=subset,
        reasons=reasons(values),
        flags={name: value.flags for name, value in values.items() if value.flags},
        aupimo=None if metrics.aupimo is None else metrics.aupimo.mean.value,
        aupimo_limits=None if metrics.aupimo is None else metrics.aupimo.limits,
        au_spro=None if metrics.au_spro is None else metrics.au_spro.value,
        saturation=metrics.saturation,
        verdicts=None if decisions is None else _verdicts(decisions, minimum_area),
    )


def _verdicts(decisions: PixelDecisions, minimum_area: int) -> PixelVerdicts:
    return PixelVerdicts(
        threshold=decisions.threshold,
        minimum_area=minimum_area,
        pro=decisions.pro.value,
        iou=decisions.iou.value,
        f1=decisions.f1.value,
        precision=decisions.confusion.precision,
        recall=decisions.confusion.recall,
    )
