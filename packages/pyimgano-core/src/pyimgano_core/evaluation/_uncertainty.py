"""Bootstrap intervals into results: every metric that has one, by the metric's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.metrics import SketchOptions, bootstrap

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.metric import Interval
    from pyimgano_core.contracts.report import Results
    from pyimgano_core.metrics import Sketch

_IMAGE_METRICS = ("auroc", "average_precision", "f1_max", "tpr_at_fpr", "fpr_at_tpr", "normals_passed")


def with_intervals(results: Results, sketch: Sketch, config: EvaluationConfig, seed: int) -> Results:
    """Return `results` with the bootstrap intervals of its metrics, where resampling is wanted."""
    if not config.bootstrap_replicates or not len(sketch.names):
        return results
    options = SketchOptions(
        aupro_limit=config.aupro_limit,
        aupimo_limits=config.aupimo_limits,
        false_alarm_limit=config.false_alarm_limit,
        miss_limit=config.miss_limit,
    )
    estimates = bootstrap(
        sketch,
        seed=seed,
        replicates=config.bootstrap_replicates,
        level=config.interval_level,
        options=options,
    )
    intervals: dict[str, Interval] = {name: estimate.interval for name, estimate in estimates.items()}
    image = {name: interval for name, interval in intervals.items() if name in _IMAGE_METRICS}
    pixel = results.pixel_metrics
    if pixel is not None:
        of_pixels = {name: interval for name, interval in intervals.items() if name not in _IMAGE_METRICS}
        pixel = evolve(pixel, intervals=of_pixels)
    return evolve(results, intervals=image, pixel_metrics=pixel)
