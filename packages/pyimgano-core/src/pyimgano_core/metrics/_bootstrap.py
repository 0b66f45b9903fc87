"""Bootstrap intervals of every metric, from a sketch: images or groups are resampled, never pixels.

Pixels of one image are not independent, and neither are images of one part, so a group is drawn whole. Units
with an anomaly and units without are drawn apart, so that each replicate has as many of both. Intervals are
percentiles of the replicates (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from pyimgano_core.contracts.metric import Interval, MetricValue
from pyimgano_core.metrics._delong import Comparison
from pyimgano_core.metrics._intervals import check_level
from pyimgano_core.metrics._names import FLAGGED_METRICS, IMAGE_METRICS, PIXEL_METRICS
from pyimgano_core.metrics._replicates import SketchOptions, tabulate, weighted_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.metrics._names import MetricName
    from pyimgano_core.metrics._sketch import Sketch
    from pyimgano_core.metrics._sketch_curves import Floats

_BLOCK = 32  # replicates at a time: their bins stay in the cache
_FEWEST_UNITS = 2  # per stratum: one alone is drawn every time and varies nothing
_DEFINED_SHARE = 0.95  # of the replicates, for an interval
_DEFAULTS = SketchOptions()


@define(frozen=True, kw_only=True)
class Estimate:
    """A metric of a sketch with its bootstrap interval.

    The interval is undefined where the metric is, with its reason, and for `too_few_units` (one image or
    group with an anomaly, or one without) and `undefined_replicates` (in more than one in twenty, such as
    where few images have defect pixels).
    """

    metric: MetricValue
    interval: Interval


def sketch_metrics(sketch: Sketch, *, options: SketchOptions = _DEFAULTS) -> dict[MetricName, MetricValue]:
    """Return the metrics of a sketch; F1-max of pixels is a lower bound, and none has a threshold.

    AU-sPRO is there where the sketch was made with a saturation, and `pixel_pro`, `pixel_iou` and `pixel_f1`
    where it was made with a pixel threshold.

    Args:
        sketch: of any images.
        options: the limits.
    """
    reasons = _reasons(sketch)
    if not len(sketch.names):
        return {name: MetricValue(reason=reason) for name, reason in reasons.items()}
    values = weighted_metrics(tabulate(sketch), np.ones((1, len(sketch.names))), options)
    return {
        name: MetricValue(reason=reason) if reason else MetricValue(value=float(values[name][0]))
        for name, reason in reasons.items()
    }


def bootstrap(
    sketch: Sketch,
    *,
    seed: int,
    replicates: int = 1000,
    level: float = 0.95,
    options: SketchOptions = _DEFAULTS,
) -> dict[MetricName, Estimate]:
    """Return every metric of a sketch with its percentile interval.

    Args:
        sketch: of the images of one category.
        seed: the same seed gives the same intervals.
        replicates: 1 or more; the ends of a 95 % interval want a thousand.
        level: between 0 and 1.
        options: the limits.

    Raises:
        ValueError: a number is out of range.
    """
    _check(replicates, level)
    metrics = sketch_metrics(sketch, options=options)
    blocked = _too_few(sketch)
    samples = {} if blocked else _replicate((sketch,), seed, replicates, options)[0]
    return {
        name: Estimate(metric=value, interval=_interval(samples.get(name), value.reason or blocked, level))
        for name, value in metrics.items()
    }


def bootstrap_difference(
    first: Sketch,
    second: Sketch,
    *,
    seed: int,
    replicates: int = 1000,
    level: float = 0.95,
    options: SketchOptions = _DEFAULTS,
) -> dict[MetricName, Comparison]:
    """Return every metric of `first` less that of `second`, each replicate drawing the same images for both.

    Arguments are those of `bootstrap`; the two-sided p-value is never below 2 / (replicates + 1). Each sketch
    has its own pixel threshold; metrics that only one of the two has are left out.

    Raises:
        ValueError: a number is out of range, or the sketches are not of the same images, labels, groups and
            saturation.
    """
    found = bootstrap_differences(
        (first, second), seed=seed, replicates=replicates, level=level, options=options
    )
    return found[0, 1]


def bootstrap_differences(
    sketches: Sequence[Sketch],
    *,
    seed: int,
    replicates: int = 1000,
    level: float = 0.95,
    options: SketchOptions = _DEFAULTS,
) -> dict[tuple[int, int], dict[MetricName, Comparison]]:
    """Return what `bootstrap_difference` does for every two of several sketches, by their places.

    The replicates of each sketch are computed once, so that this costs as much as a bootstrap of each.

    Raises:
        ValueError: as `bootstrap_difference`.
    """
    _check(replicates, level)
    first = sketches[0]
    for other, name in product(sketches[1:], ("names", "groups", "anomalous", "saturation")):
        if not np.array_equal(getattr(first, name), getattr(other, name)):
            raise ValueError(f"a paired comparison needs the same images, but the sketches' {name!r} differ")
    metrics = [sketch_metrics(sketch, options=options) for sketch in sketches]
    blocked = _too_few(first)
    samples = [{} for _ in sketches] if blocked else _replicate(sketches, seed, replicates, options)
    return {
        (one, other): {
            name: _difference(metrics[one][name], metrics[other][name], drawn, blocked, level)
            for name in metrics[one]
            if name in metrics[other]
            for drawn in [(samples[one].get(name), samples[other].get(name))]
        }
        for one, other in combinations(range(len(sketches)), 2)
    }


def _difference(
    ours: MetricValue,
    theirs: MetricValue,
    drawn: tuple[Floats | None, Floats | None],
    blocked: str | None,
    level: float,
) -> Comparison:
    reason = ours.reason or theirs.reason or blocked
    samples = None if reason or drawn[0] is None or drawn[1] is None else drawn[0] - drawn[1]
    interval = _interval(samples, reason, level)
    return Comparison(
        difference=None if ours.value is None or theirs.value is None else ours.value - theirs.value,
        interval=interval,
        p_value=None if samples is None or interval.reason else _p_value(samples),
    )


def _check(replicates: int, level: float) -> None:
    check_level(level)
    if replicates < 1:
        raise ValueError(f"a bootstrap has at least one replicate, not {replicates}")


def _reasons(sketch: Sketch) -> dict[MetricName, str | None]:
    """Say of each metric that the sketch has why it is undefined, or None where it is defined."""
    positive = sketch.defect.any()
    image = _reason(sketch.anomalous.any(), (~sketch.anomalous).any(), "s")
    pixel = _reason(positive, sketch.normal.any(), "_pixels")
    found = None if positive else "no_positive_pixels"
    reasons: dict[MetricName, str | None] = dict.fromkeys(IMAGE_METRICS, image)
    reasons |= dict.fromkeys(PIXEL_METRICS, pixel)
    reasons["aupimo"] = found if found or sketch.clean.any() else "no_normal_images"
    if sketch.saturation is not None:
        reasons["au_spro"] = pixel
    if sketch.pixel_threshold is not None:
        reasons |= dict.fromkeys(FLAGGED_METRICS, found)
    return reasons


def _reason(positives: np.bool_, negatives: np.bool_, things: str) -> str | None:
    if not positives:
        return f"no_positive{things}"
    return None if negatives else f"no_negative{things}"


def _too_few(sketch: Sketch) -> str | None:
    strata, _ = _strata(sketch)
    return "too_few_units" if any(len(units) < _FEWEST_UNITS for units in strata) else None


def _strata(sketch: Sketch) -> tuple[list[np.ndarray[tuple[int], np.dtype[np.intp]]], np.ndarray]:
    """Return the units with and those without an anomaly, where there are any, and each image's unit (N,)."""
    units, unit_of = np.unique(sketch.units, return_inverse=True)
    anomalies = np.bincount(unit_of, weights=sketch.anomalous, minlength=len(units))
    strata = [np.flatnonzero(anomalies > 0), np.flatnonzero(anomalies == 0)]
    return [units for units in strata if len(units)], unit_of


def _draws(sketch: Sketch, seed: int, replicates: int) -> Iterator[Floats]:
    """Give blocks of how often each image is drawn, (R, N)."""
    rng = np.random.default_rng(seed)
    strata, unit_of = _strata(sketch)
    for start in range(0, replicates, _BLOCK):
        rows = min(_BLOCK, replicates - start)
        counts = np.zeros((rows, sum(map(len, strata))))
        for units in strata:
            picks = rng.integers(len(units), size=(rows, len(units)))
            flat = (picks + len(units) * np.arange(rows)[:, None]).ravel()
            counts[:, units] = np.bincount(flat, minlength=rows * len(units)).reshape(rows, -1)
        yield counts[:, unit_of]


def _replicate(
    sketches: Sequence[Sketch], seed: int, replicates: int, options: SketchOptions
) -> list[dict[MetricName, Floats]]:
    """Return for each sketch all metrics of all replicates, (R,); the draws are the same for all sketches."""
    if not len(sketches[0].names):
        return [{} for _ in sketches]
    tables = [tabulate(sketch) for sketch in sketches]
    draws = _draws(sketches[0], seed, replicates)
    blocks = [[weighted_metrics(table, block, options) for table in tables] for block in draws]
    return [
        {name: np.concatenate([block[at][name] for block in blocks]) for name in blocks[0][at]}
        for at in range(len(tables))
    ]


def _interval(samples: Floats | None, reason: str | None, level: float) -> Interval:
    if samples is None or reason:
        return Interval(level=level, reason=reason)
    defined = samples[np.isfinite(samples)]
    if len(defined) < _DEFINED_SHARE * len(samples):
        return Interval(level=level, reason="undefined_replicates", replicates=len(defined))
    tail = (1.0 - level) / 2
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(low=float(low), high=float(high), level=level, replicates=len(defined))


def _p_value(samples: Floats) -> float:
    defined = samples[np.isfinite(samples)]
    fewer = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    return min(1.0, 2.0 * (fewer + 1) / (len(defined) + 1))
