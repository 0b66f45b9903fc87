"""One category's effects by metric, over all seeds of both sides, or why there is none."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve

from pyimgano_bench.compare._alike import limit_problem, limits_of, unlike
from pyimgano_bench.compare._effect import FEWEST_SEEDS, Effect
from pyimgano_bench.compare._sides import read_sketch
from pyimgano_bench.compare._spread import NoSpreadError, Spread, fewest_units
from pyimgano_bench.rows import IMAGE_METRICS, PIXEL_METRICS
from pyimgano_core.words import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_bench.compare._pairing import Facing
    from pyimgano_bench.compare._sides import Fit
    from pyimgano_core.contracts.report import CategoryReport
    from pyimgano_core.metrics import Sketch

    Side = list[tuple[CategoryReport, Sketch]]

SOURCES: Mapping[str, str] = IMAGE_METRICS | PIXEL_METRICS
_HISTOGRAMS = ("edges", "normal", "defect", "overlap")


@define(frozen=True, kw_only=True)
class Found:
    """A metric of one category: the means over seeds where both sides have it, and its effect.

    Without an effect, `reason` says why; it is `missing` where one side has it, or should have. `identical`
    says that the two sides are equal to the last score.
    """

    effect: Effect | None = None
    contender: float | None = None
    baseline: float | None = None
    identical: bool = False
    reason: str | None = None
    missing: bool = False


def measure(facing: Facing, metrics: Sequence[str]) -> dict[str, Found]:
    """Return what is found of each metric, by the names of `SOURCES`.

    Raises:
        ArtifactError: a sketch can't be trusted.
    """
    if facing.problem is not None:
        return dict.fromkeys(metrics, Found(reason=facing.problem, missing=True))
    ours, theirs = _read(facing.contender), _read(facing.baseline)
    if problem := unlike(ours, theirs, same_seeds=facing.same_seeds):
        return dict.fromkeys(metrics, Found(reason=problem, missing=True))
    sketches = _cut([sketch for _, sketch in (*ours, *theirs)])
    spread = Spread(ours=sketches[: len(ours)], theirs=sketches[len(ours) :], options=limits_of(theirs[0][0]))
    reports = [[report for report, _ in side] for side in (ours, theirs)]
    return {metric: _find(metric, reports[0], reports[1], spread) for metric in metrics}


def _read(fits: Sequence[Fit]) -> Side:
    return [(fit.report, read_sketch(fit)) for fit in fits if fit.report is not None]


def _cut(sketches: list[Sketch]) -> list[Sketch]:
    """Return sketches of one saturation: of AU-sPRO, which has no value to compare where they differ."""
    if len({sketch.saturation for sketch in sketches}) == 1:
        return sketches
    return [evolve(sketch, saturation=None, saturated=None) for sketch in sketches]


def _find(
    metric: str, ours: Sequence[CategoryReport], theirs: Sequence[CategoryReport], spread: Spread
) -> Found:
    if problem := _absence(metric, ours, theirs):
        return problem
    if text := limit_problem(metric, ours, theirs):
        return Found(reason=text, missing=True)
    first, second = (
        tuple(value for report in side if (value := _value(report, metric)) is not None)
        for side in (ours, theirs)
    )
    identical = _identical(metric, spread.ours, spread.theirs)
    found = Found(contender=fmean(first), baseline=fmean(second), identical=identical)
    variance = 0.0  # that of equal sides; of no account with fewer seeds, which nothing can be said of
    try:
        if not identical and min(len(first), len(second)) >= FEWEST_SEEDS:
            variance = spread.over_images(SOURCES[metric])
    except NoSpreadError as exc:
        return evolve(found, reason=str(exc))
    return evolve(found, effect=make_effect(first, second, variance, spread))


def make_effect(
    ours: tuple[float, ...], theirs: tuple[float, ...], variance: float, spread: Spread
) -> Effect:
    """Return the effect of values under each seed.

    No difference is surer than if all units of the rarer label agreed on it: as many standard errors as the
    root of their number. Without this, few images on which the fits happen to agree would look certain.
    """
    units = fewest_units(spread.theirs[0])
    return Effect(
        contender=ours,
        baseline=theirs,
        paired=spread.paired,
        image_variance=variance,
        least_variance=(fmean(ours) - fmean(theirs)) ** 2 / max(units, 1),
    )


def _absence(metric: str, *sides: Sequence[CategoryReport]) -> Found | None:
    """Return why a metric has no value on one side or both, None where it has under all seeds."""
    reasons = [
        next((_reason(report, metric) for report in side if _value(report, metric) is None), None)
        for side in sides
    ]
    ours, theirs = reasons
    if ours is None and theirs is None:
        return None
    if ours is not None and theirs is not None:
        return Found(reason=theirs)
    name = "baseline" if ours is None else "contender"
    return Found(reason=f"the {name} has none: {ours or theirs}", missing=True)


def _value(report: CategoryReport, metric: str) -> float | None:
    source = report.results.pixel_metrics if metric in PIXEL_METRICS else report.results
    value: float | None = getattr(source, SOURCES[metric], None)
    return value


def _reason(report: CategoryReport, metric: str) -> str:
    pixel, gate = report.results.pixel_metrics, report.pixel_metrics_status
    if metric not in PIXEL_METRICS:
        return reason_in_words(report.results.reasons.get(SOURCES[metric]))
    if pixel is None:
        return gate.message or reason_in_words(gate.reason)
    return reason_in_words(pixel.reasons.get(SOURCES[metric], "the config does not ask for it"))


def _identical(metric: str, ours: Sequence[Sketch], theirs: Sequence[Sketch]) -> bool:
    names = _HISTOGRAMS if metric in PIXEL_METRICS else ("scores",)
    return len(ours) == len(theirs) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for one, other in zip(ours, theirs, strict=True)
        for name in names
    )
