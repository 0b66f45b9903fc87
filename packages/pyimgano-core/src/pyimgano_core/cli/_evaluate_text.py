"""An evaluation for people: a table of the categories, and below it what is to be known of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.cli.app import format_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.evaluation import CategoryEvaluation, EvaluationReport, PredictionsSource
    from pyimgano_core.contracts.metric import Interval, ObservedRate
    from pyimgano_core.contracts.threshold import Threshold

_HEADER = (
    "category", "images", "anomalous", "AUROC", "interval", "AP", "F1-max", "pixel AUROC", "AUPRO",
    "false alarms", "missed", "threshold",
)  # fmt: skip
_NONE = "-"


def describe(report: EvaluationReport) -> str:
    """Return the table and the remarks."""
    rows = [_row(each) for each in report.per_category.values()]
    if len(rows) > 1:
        rows.append(_mean_row(report.mean_metrics))
    table = format_table(_HEADER, rows)
    remarks = [line for each in report.per_category.values() for line in _remarks(each)]
    return "\n".join([table, "", *_sources(report), *remarks])


def _row(category: CategoryEvaluation) -> tuple[str, ...]:
    results = category.results
    pixels = results.pixel_metrics
    return (
        category.category,
        str(category.test_count - len(category.failures)),
        str(category.test_anomaly_count),
        _number(results.auroc),
        _interval(results.auroc_delong),
        _number(results.average_precision),
        _number(results.f1_max),
        _number(None if pixels is None else pixels.pixel_auroc),
        _number(None if pixels is None else pixels.aupro),
        _rate(results.false_alarm_rate),
        _rate(results.miss_rate),
        _NONE if category.threshold.value is None else f"{category.threshold.value:.6g}",
    )


def _mean_row(mean: dict[str, float | None]) -> tuple[str, ...]:
    numbers = {name: _number(mean.get(name)) for name in mean}
    image = ("mean", "", "", numbers["auroc"], "", numbers["average_precision"], numbers["f1_max"])
    return (*image, numbers["pixel_auroc"], numbers["aupro"], "", "", "")


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"


def _interval(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return _NONE
    return f"[{interval.low:.3f}, {interval.high:.3f}]"


def _rate(rate: ObservedRate | None) -> str:
    return _NONE if rate is None else f"{rate.count}/{rate.total}"


def _sources(report: EvaluationReport) -> Iterator[str]:
    yield _source("predictions", report.predictions)
    matching = report.matching
    if matching is not None:
        ways = f"{matching.by_text} by text, {matching.by_file} by file, {matching.by_suffix} by end of path"
        yield f"matched: {ways}; {matching.not_tested} of them are no test images"
    if report.calibration is not None:
        yield _source("calibration", report.calibration)


def _source(what: str, source: PredictionsSource) -> str:
    keys = ", ".join(source.keys)
    bad = f", {source.bad_line_count} of them bad" if source.bad_line_count else ""
    return f"{what}: {source.line_count} lines{bad}, read by the keys {keys}"


def _remarks(category: CategoryEvaluation) -> Iterator[str]:
    """Yield what qualifies the numbers of a category, and why some are missing."""
    name = category.category
    if category.failures:
        yield f"{name}: {len(category.failures)} of {category.test_count} images failed and are not counted"
    for metric, reason in category.results.reasons.items():
        yield f"{name}: no {metric}: {_words(reason)}"
    if not category.pixel_metrics_status.enabled:
        yield f"{name}: no pixel metrics: {category.pixel_metrics_status.message}"
    if category.maps.resized:
        yield f"{name}: {category.maps.resized} of {category.maps.usable} maps were resized to their images"
    yield f"{name}: {_threshold(category.threshold)}"
    if category.pixel_metrics_status.enabled and category.pixel_threshold.value is None:
        yield f"{name}: no pixel threshold: give maps of calibration images, or threshold.pixel_value"


def _threshold(threshold: Threshold) -> str:
    origin = threshold.provenance
    if threshold.value is None:
        advice = "; give --calibration, or threshold.method = fixed" if origin.calibration_count == 0 else ""
        return f"no threshold: {_words(origin.reason or 'unknown')}{advice}"
    if origin.checkpoint_sha256 is not None:
        return f"the threshold is the deployed one, set by {origin.method}"
    if origin.source == "predictions" and origin.calibration_count == 0:
        return "the threshold is the one in the lines"
    if origin.source == "config":
        return "the threshold is fixed by the config"
    asked = "" if origin.requested in {None, origin.method} else f" in place of {origin.requested}"
    certificate = origin.certificate
    sure = (
        "" if certificate is None or certificate.level is None else f", certified at {certificate.level:.3g}"
    )
    return f"the threshold is set by {origin.method}{asked} on {origin.calibration_count} normals{sure}"


def _words(reason: str) -> str:
    return reason.replace("_", " ")
