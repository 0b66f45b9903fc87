"""Bootstrap intervals into results: every metric that has one, by the metric's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.metrics import IMAGE_METRICS, SketchOptions, bootstrap

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.metric import Interval
    from pyimgano_core.contracts.report import Results
    from pyimgano_core.metrics import Sketch

_ROUNDING = 1e-9  # resamples of one value differ by no more


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
    intervals: dict[str, Interval] = {
        name: _honest(estimate.interval) for name, estimate in estimates.items()
    }
    image: dict[str, Interval] = {name: each for name, each in intervals.items() if name in IMAGE_METRICS}
    pixel = results.pixel_metrics
    if pixel is not None:
        of_pixels = {name: interval for name, interval in intervals.items() if name not in IMAGE_METRICS}
        pixel = evolve(pixel, intervals=of_pixels)
    return evolve(results, intervals=image, pixel_metrics=pixel)


def _honest(interval: Interval) -> Interval:
    """Return the interval, or none where all resamples agree: that bounds nothing."""
    if interval.low is None or interval.high is None or interval.high - interval.low > _ROUNDING:
        return interval
    return evolve(interval, low=None, high=None, reason="zero_variance")
