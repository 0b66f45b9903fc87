"""An evaluation for people: a table of the categories, and below it what is to be known of its numbers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table
from pyimgano_core.words import (
    agree,
    counted,
    images_in_words,
    missing_in_words,
    number,
    number_of,
    result_remarks,
    reviewed,
    threshold_remarks,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.evaluation import CategoryEvaluation, EvaluationReport, PredictionsSource
    from pyimgano_core.contracts.report import Results
    from pyimgano_core.contracts.threshold import Threshold

_NONE = "-"
_SHOWN = 3


def describe(report: EvaluationReport) -> str:
    """Return the table and the remarks; one that holds for several categories names them together."""
    categories = report.per_category.values()
    has_band = any(each.results.review is not None for each in categories)
    rows = [_row(each, has_band=has_band) for each in categories]
    if len(rows) > 1:
        rows.append(_mean_row(report.mean_metrics, has_band=has_band))
    return "\n".join(
        [format_table(_header(has_band=has_band), rows), "", *_sources(report), *_all_remarks(report)]
    )


def _header(*, has_band: bool) -> tuple[str, ...]:
    band = ("review",) if has_band else ()
    metrics = ("category", "images", "anomalous", "AUROC", "AP", "F1-max", "px AUROC", "AUPRO")
    return (*metrics, "threshold", "false alarms", "misses", *band)


def _row(category: CategoryEvaluation, *, has_band: bool) -> tuple[str, ...]:
    results = category.results
    pixels = results.pixel_metrics
    threshold = category.threshold.value
    return (
        category.category,
        str(category.test_count - len(category.failures)),
        str(category.test_anomaly_count),
        _auroc(results),
        number(results.average_precision),
        number(results.f1_max),
        number(None if pixels is None else pixels.pixel_auroc),
        number(None if pixels is None else pixels.aupro),
        _NONE if threshold is None else f"{threshold:.6g}",
        counted(results.false_alarm_rate),
        counted(results.miss_rate),
        *((reviewed(results.review),) if has_band else ()),
    )


def _auroc(results: Results) -> str:
    interval = results.auroc_interval
    if interval is None:
        return number(results.auroc)
    return with_interval(results.auroc, interval.low, interval.high)


def _mean_row(mean: dict[str, float | None], *, has_band: bool) -> tuple[str, ...]:
    names = ("auroc", "average_precision", "f1_max", "pixel_auroc", "aupro")
    rest = ("",) * (4 if has_band else 3)
    return ("mean", "", "", *(number(mean.get(name)) for name in names), *rest)


def _sources(report: EvaluationReport) -> Iterator[str]:
    yield _source("predictions", report.predictions)
    matching = report.matching
    if matching is not None:
        ways = f"{matching.by_text} by text, {matching.by_file} by file, {matching.by_suffix} by end of path"
        others = number_of(matching.not_tested, "is of an image that is", "are of images that are")
        yield f"matched: {ways}{f'; {others} not tested' if matching.not_tested else ''}"
    if report.calibration is not None:
        yield _source("calibration", report.calibration)


def _source(what: str, source: PredictionsSource) -> str:
    keys = ", ".join(source.keys)
    bad = f", {source.bad_line_count} of them bad" if source.bad_line_count else ""
    return f"{what}: {number_of(source.line_count, 'line')}{bad}, read by the keys {keys}"


def _all_remarks(report: EvaluationReport) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for category in report.per_category.values():
        for remark in _remarks(category, has_calibration=report.calibration is not None):
            places[remark].append(category.category)
    for remark, names in places.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{', '.join(names[:_SHOWN])}{more}: {remark}"


def _remarks(category: CategoryEvaluation, *, has_calibration: bool) -> Iterator[str]:
    """Yield what qualifies the numbers of a category, and why some are missing."""
    if category.failures:
        are = agree(len(category.failures), "is", "are")
        images = images_in_words(category.test_count)
        yield f"{len(category.failures)} of {images} failed and {are} not counted"
    yield from result_remarks(category.results)
    if not category.pixel_metrics_status.enabled:
        yield f"no pixel metrics: {category.pixel_metrics_status.message}"
    if category.maps.resized:
        maps, resized = number_of(category.maps.usable, "map"), category.maps.resized
        were = agree(resized, "was resized to its image", "were resized to their images")
        yield f"{resized} of {maps} {were}"
    yield _origin(category.threshold, has_calibration=has_calibration)
    if category.threshold.value is not None:
        yield from threshold_remarks(category.threshold, review=category.review_threshold)
    if category.pixel_metrics_status.enabled and category.pixel_threshold.value is None:
        yield "no pixel threshold: give --infer-config, maps of calibration images, or threshold.pixel_value"


def _origin(threshold: Threshold, *, has_calibration: bool) -> str:
    origin = threshold.provenance
    if threshold.value is None and origin.calibration_count == 0:
        if has_calibration:
            return "no threshold: no line of --calibration can set one; the issues EV401 say why"
        return "no threshold: give --infer-config, --calibration, or threshold.method = fixed with a value"
    if threshold.value is None:
        return f"no threshold: {missing_in_words(origin)}"
    if origin.checkpoint_sha256 is not None:
        return f"the threshold is the deployed one, set by {origin.method}"
    if origin.source == "predictions" and origin.calibration_count == 0:
        return "the threshold is the one in the lines"
    if origin.source == "config":
        return "the threshold is fixed by the config"
    return f"the threshold is set by {origin.method} on {number_of(origin.calibration_count, 'normal')}"
