"""From a cell to its row: the numbers that are compared, and why one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

if TYPE_CHECKING:
    from pyimgano_bench.cell import BenchCell
    from pyimgano_core.contracts.metric import Interval, ObservedRate
    from pyimgano_core.contracts.report import CategoryReport, Results

IMAGE_METRICS = {"image_auroc": "auroc", "image_ap": "average_precision", "image_f1_max": "f1_max"}
PIXEL_METRICS = {
    "pixel_auroc": "pixel_auroc",
    "pixel_ap": "pixel_average_precision",
    "pixel_f1_max": "pixel_f1_max",
    "aupro": "aupro",
    "au_spro": "au_spro",
    "aupimo": "aupimo",
}
METRICS = (*IMAGE_METRICS, *PIXEL_METRICS)
ORACLES = ("tpr_at_fpr", "fpr_at_tpr", "normals_passed")


@define(frozen=True, kw_only=True)
class Row:
    """One cell's numbers; one that is undefined is null, and `reasons` says why, by its name.

    `low` and `high` are the ends of a number's interval at `interval_level`: DeLong's of image AUROC, or the
    bootstrap's where that is undefined (a perfect one has neither); the bootstrap's of all other metrics;
    Clopper and Pearson's of a rate. `trial` is the number of test images that a trial was limited to: its
    numbers are no results.

    `false_alarms` of `normal_count` normal test images and `misses` of `anomaly_count` anomalous ones are
    counted at the deployed `threshold`, over the images that have a score; an image in the review band is
    neither, and `reviews` counts those, `review_normal` of them normal and `review_anomalous` anomalous.
    `certified_level` is the false-alarm rate that the threshold is certain to keep, with
    `certified_confidence`, or on average where that is null. `tpr_at_fpr`, `fpr_at_tpr` and `normals_passed`
    are oracles: their thresholds are chosen on the test labels. `pixel_subset` says which images the pixel
    metrics are of, and `aupro_limit` where AUPRO and AU-sPRO end. With a `group_count`, intervals are over so
    many groups of test images. `fit_seconds` is without the export of the graph, which the first category
    of a detector pays for the others; `total_seconds` is with it.
    """

    dataset: str
    category: str
    detector: str
    seed: int
    status: Literal["ok", "failed"]
    image_auroc: float | None = None
    image_ap: float | None = None
    image_f1_max: float | None = None
    pixel_auroc: float | None = None
    pixel_ap: float | None = None
    pixel_f1_max: float | None = None
    aupro: float | None = None
    pixel_subset: str | None = None
    threshold: float | None = None
    false_alarms: int | None = None
    misses: int | None = None
    normal_count: int | None = None
    anomaly_count: int | None = None
    failed_count: int | None = None
    fit_seconds: float | None = None
    total_seconds: float | None = None
    split_fingerprint: str | None = None
    reasons: dict[str, str] = field(factory=dict)
    error: str | None = None
    image_auroc_low: float | None = None
    image_auroc_high: float | None = None
    aupro_low: float | None = None
    aupro_high: float | None = None
    aupimo: float | None = None
    false_alarm_rate: float | None = None
    false_alarm_rate_low: float | None = None
    false_alarm_rate_high: float | None = None
    miss_rate: float | None = None
    miss_rate_low: float | None = None
    miss_rate_high: float | None = None
    reviews: int | None = None
    tpr_at_fpr: float | None = None
    fpr_at_tpr: float | None = None
    normals_passed: float | None = None
    threshold_method: str | None = None
    certified_level: float | None = None
    certified_confidence: float | None = None
    review_normal: int | None = None
    review_anomalous: int | None = None
    au_spro: float | None = None
    aupro_limit: float | None = None
    saturation: float | None = None
    group_count: int | None = None
    image_ap_low: float | None = None
    image_ap_high: float | None = None
    image_f1_max_low: float | None = None
    image_f1_max_high: float | None = None
    pixel_auroc_low: float | None = None
    pixel_auroc_high: float | None = None
    pixel_ap_low: float | None = None
    pixel_ap_high: float | None = None
    pixel_f1_max_low: float | None = None
    pixel_f1_max_high: float | None = None
    au_spro_low: float | None = None
    au_spro_high: float | None = None
    aupimo_low: float | None = None
    aupimo_high: float | None = None
    interval_level: float | None = None
    trial: int | None = None


def make_row(cell: BenchCell) -> Row:
    """Return the row of a cell."""
    place: dict[str, Any] = {
        "dataset": cell.dataset,
        "category": cell.category,
        "detector": cell.detector,
        "seed": cell.seed,
        "status": cell.status,
        "trial": cell.trial,
    }
    if cell.report is None:
        return Row(**place, error=cell.error.message if cell.error is not None else None)
    report = cell.report
    return Row(
        **place,
        **_metrics(report.results),
        **_threshold(report),
        **_verdicts(report.results),
        pixel_subset=report.pixel_metrics_status.subset if report.results.pixel_metrics else None,
        failed_count=report.dataset_summary.failed_count,
        **_seconds(cell.seconds),
        split_fingerprint=report.split_fingerprint.sha256,
        group_count=cell.group_count,
        reasons=_reasons(report),
    )


def _seconds(steps: dict[str, float]) -> dict[str, Any]:
    """Return what the fit and the whole took; the steps `fit.…` are parts of `fit`.

    The export of the graph is left out of the fit: of a detector's categories, the first alone pays for it.
    """
    fit = round(steps["fit"] - steps.get("fit.export", 0.0), 3) if "fit" in steps else None
    whole = sum(seconds for step, seconds in steps.items() if not step.startswith("fit."))
    return {"fit_seconds": fit, "total_seconds": round(whole, 3)}


def _metrics(results: Results) -> dict[str, Any]:
    pixel = results.pixel_metrics
    values = {name: getattr(results, source) for name, source in IMAGE_METRICS.items()}
    values |= {name: getattr(pixel, source, None) for name, source in PIXEL_METRICS.items()}
    values |= {name: point.value for name, point in results.operating_points.items() if name in ORACLES}
    values |= {name: getattr(pixel, name, None) for name in ("aupro_limit", "saturation")}
    return values | _intervals(results)


def _intervals(results: Results) -> dict[str, Any]:
    pixel = {} if results.pixel_metrics is None else results.pixel_metrics.intervals
    found = {name: results.intervals.get(source) for name, source in IMAGE_METRICS.items()}
    found |= {name: pixel.get(source) for name, source in PIXEL_METRICS.items()}
    found["image_auroc"] = results.auroc_interval
    values: dict[str, Any] = {"interval_level": next((each.level for each in found.values() if each), None)}
    for name, interval in found.items():
        values |= _ends(name, interval)
    return values


def _ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    return {} if interval is None else {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _threshold(report: CategoryReport) -> dict[str, Any]:
    provenance = report.threshold.provenance
    values: dict[str, Any] = {"threshold": report.threshold.value, "threshold_method": provenance.method}
    if provenance.certificate is not None:
        values["certified_level"] = provenance.certificate.level
        values["certified_confidence"] = provenance.certificate.confidence
    return values


def _verdicts(results: Results) -> dict[str, Any]:
    values = _rate("false_alarm_rate", "false_alarms", "normal_count", results.false_alarm_rate)
    values |= _rate("miss_rate", "misses", "anomaly_count", results.miss_rate)
    if results.review is not None:
        normal, anomalous = results.review.normal.count, results.review.anomalous.count
        values |= {"reviews": normal + anomalous, "review_normal": normal, "review_anomalous": anomalous}
    return values


def _rate(name: str, count: str, total: str, observed: ObservedRate | None) -> dict[str, Any]:
    if observed is None:
        return {}
    numbers = {name: observed.rate, count: observed.count, total: observed.total}
    return numbers | _ends(name, observed.interval)


def _reasons(report: CategoryReport) -> dict[str, str]:
    results, pixel, gate = report.results, report.results.pixel_metrics, report.pixel_metrics_status
    reasons = {
        name: results.reasons[source] for name, source in IMAGE_METRICS.items() if source in results.reasons
    }
    points = results.operating_points.items()
    reasons |= {name: point.reason for name, point in points if name in ORACLES and point.reason is not None}
    for name, source in PIXEL_METRICS.items():
        if pixel is None and name != "au_spro":  # which only some ask for
            reasons[name] = gate.reason or "not_computed"
        elif pixel is not None and source in pixel.reasons:
            reasons[name] = pixel.reasons[source]
    if report.threshold.value is None:
        reasons["threshold"] = report.threshold.provenance.reason or "no_threshold"
    return reasons
