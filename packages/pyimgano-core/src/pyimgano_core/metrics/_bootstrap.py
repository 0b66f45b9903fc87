"""Bootstrap intervals of every metric, from a sketch: images or groups are resampled, never pixels.

Pixels of one image are not independent, and neither are images of one part, so a group is drawn whole. Units
with an anomaly and units without are drawn apart, so that each replicate has as many of both. Intervals are
percentiles of the replicates (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics._delong import Comparison
from pyimgano_core.metrics._intervals import Interval, check_level
from pyimgano_core.metrics._replicates import Floats, tabulate, weighted_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.metrics._replicates import MetricName
    from pyimgano_core.metrics._sketch import Sketch

_BLOCK = 32  # replicates at a time: their bins stay in the cache
_FEWEST_UNITS = 2  # per stratum: one alone is drawn every time and varies nothing
_DEFINED_SHARE = 0.95  # of the replicates, for an interval


@define(frozen=True, kw_only=True)
class Estimate:
    """A metric of a sketch with its bootstrap interval.

    The interval is undefined where the metric is, with its reason, and for `too_few_units` (one image or
    group with an anomaly, or one without) and `undefined_replicates` (in more than one in twenty, such as
    where few images have defect pixels).
    """

    metric: MetricValue
    interval: Interval


def sketch_metrics(sketch: Sketch, *, aupro_limit: float = 0.3) -> dict[MetricName, MetricValue]:
    """Return the metrics of a sketch; F1-max is a lower bound, and none has a threshold.

    Args:
        sketch: of any images.
        aupro_limit: above 0, at most 1; any other than that of the evaluation will do.

    Raises:
        ValueError: the limit is out of range.
    """
    _check_limit(aupro_limit)
    reasons = _reasons(sketch)
    if not len(sketch.names):
        return {name: MetricValue(reason=reason) for name, reason in reasons.items()}
    values = weighted_metrics(tabulate(sketch), np.ones((1, len(sketch.names))), aupro_limit)
    return {
        name: MetricValue(reason=reason) if reason else MetricValue(value=float(values[name][0]))
        for name, reason in reasons.items()
    }


def bootstrap(
    sketch: Sketch, *, seed: int, replicates: int = 1000, level: float = 0.95, aupro_limit: float = 0.3
) -> dict[MetricName, Estimate]:
    """Return every metric of a sketch with its percentile interval.

    Args:
        sketch: of the images of one category.
        seed: the same seed gives the same intervals.
        replicates: 1 or more; the ends of a 95 % interval want a thousand.
        level: between 0 and 1.
        aupro_limit: above 0, at most 1.

    Raises:
        ValueError: a number is out of range.
    """
    _check(replicates, level, aupro_limit)
    metrics = sketch_metrics(sketch, aupro_limit=aupro_limit)
    blocked = _too_few(sketch)
    samples = {} if blocked else _replicate((sketch,), seed, replicates, aupro_limit)[0]
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
    aupro_limit: float = 0.3,
) -> dict[MetricName, Comparison]:
    """Return every metric of `first` less that of `second`, each replicate drawing the same images for both.

    Arguments are those of `bootstrap`; the two-sided p-value is never below 2 / (replicates + 1).

    Raises:
        ValueError: a number is out of range, or the sketches are not of the same images, labels and groups in
            the same order.
    """
    _check(replicates, level, aupro_limit)
    if any(
        not np.array_equal(getattr(first, of), getattr(second, of)) for of in ("names", "groups", "anomalous")
    ):
        raise ValueError("a paired comparison needs the same images, labels and groups in the same order")
    ours, theirs = (sketch_metrics(sketch, aupro_limit=aupro_limit) for sketch in (first, second))
    blocked = _too_few(first)
    pairs = [{}, {}] if blocked else _replicate((first, second), seed, replicates, aupro_limit)
    result: dict[MetricName, Comparison] = {}
    for name, metric in ours.items():
        one, other = metric.value, theirs[name].value
        reason = metric.reason or theirs[name].reason or blocked
        samples = None if reason else pairs[0][name] - pairs[1][name]
        interval = _interval(samples, reason, level)
        result[name] = Comparison(
            difference=None if one is None or other is None else one - other,
            interval=interval,
            p_value=None if samples is None or interval.reason else _p_value(samples),
        )
    return result


def _check(replicates: int, level: float, limit: float) -> None:
    check_level(level)
    _check_limit(limit)
    if replicates < 1:
        raise ValueError(f"a bootstrap has at least one replicate, not {replicates}")


def _check_limit(limit: float) -> None:
    if not 0.0 < limit <= 1.0:
        raise ValueError(f"the limit of AUPRO is above 0 and at most 1, not {limit}")


def _reasons(sketch: Sketch) -> dict[MetricName, str | None]:
    """Say of each metric why it is undefined, or None where it is defined."""
    image = _reason(sketch.anomalous.any(), (~sketch.anomalous).any(), "s")
    pixel = _reason(sketch.defect.any(), sketch.normal.any(), "_pixels")
    return {
        "image_auroc": image,
        "image_average_precision": image,
        "image_f1_max": image,
        "pixel_auroc": pixel,
        "pixel_average_precision": pixel,
        "pixel_f1_max": pixel,
        "aupro": pixel,
    }


def _reason(positives: np.bool_, negatives: np.bool_, things: str) -> str | None:
    if not positives:
        return f"no_positive{things}"
    return None if negatives else f"no_negative{things}"


def _too_few(sketch: Sketch) -> str | None:
    strata, _ = _strata(sketch)
    return "too_few_units" if any(len(units) < _FEWEST_UNITS for units in strata) else None


def _strata(sketch: Sketch) -> tuple[list[np.ndarray[tuple[int], np.dtype[np.intp]]], np.ndarray]:
    """Return the units with and those without an anomaly, where there are any, and each image's unit (N,)."""
    names, unit_of = np.unique(sketch.groups, return_inverse=True)
    anomalies = np.bincount(unit_of, weights=sketch.anomalous, minlength=len(names))
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
    sketches: tuple[Sketch, ...], seed: int, replicates: int, limit: float
) -> list[dict[MetricName, Floats]]:
    """Return for each sketch all metrics of all replicates, (R,); the draws are the same for all sketches."""
    if not len(sketches[0].names):
        return [{} for _ in sketches]
    tables = [tabulate(sketch) for sketch in sketches]
    draws = _draws(sketches[0], seed, replicates)
    blocks = [[weighted_metrics(table, block, limit) for table in tables] for block in draws]
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
