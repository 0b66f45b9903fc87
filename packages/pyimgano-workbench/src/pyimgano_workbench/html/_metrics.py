"""The metrics of a category as tables: those without a threshold, and the best that a threshold could do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import (
    NONE,
    bounds_anything,
    interval,
    interval_note,
    metric_name,
    number,
    number_of,
    percent,
    reason_in_words,
)
from pyimgano_workbench.html._table import noted_table, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.metric import Interval, OperatingPoint
    from pyimgano_core.contracts.report import PixelResults, Results

_NO_VARIANCE = "the scores leave no variance to estimate it from"
_ORACLES = (
    "Oracles: for each, the threshold was chosen with the test labels known. They say what the scores could "
    "do, and none of these thresholds is in use."
)


def interval_title(results: Results) -> str:
    """Return the title of the column of intervals, `95 % interval`."""
    found = [results.auroc_delong, *results.intervals.values()]
    levels = [each.level for each in found if each is not None]
    return f"{percent(levels[0])} interval" if levels else "interval"


def metrics_table(results: Results, groups: int | None = None) -> str:
    """Return the threshold-free metrics with their intervals, over so many `groups` of images."""
    name = "average_precision"
    found, reason = results.intervals.get(name), results.reasons.get(name)
    rows = [_auroc_row(results), _row(metric_name(name), results.average_precision, found, reason)]
    if results.pixel_metrics is not None:
        rows += _pixel_rows(results.pixel_metrics)
    title = interval_title(results) + ("" if groups is None else f", {number_of(groups, 'group')}")
    return "<h3>Metrics</h3>" + table(("metric", "value", title, ""), rows, "noted")


def _auroc_row(results: Results) -> list[str]:
    """The interval that holds, with the other beside it."""
    exact, resampled = results.auroc_delong, results.intervals.get("auroc")
    if results.auroc is None or exact is None:
        return _row(metric_name("auroc"), results.auroc, resampled, results.reasons.get("auroc"))
    shown = results.auroc_interval
    return [metric_name("auroc"), number(results.auroc), interval(shown), _auroc_note(exact, resampled)]


def _auroc_note(exact: Interval, resampled: Interval | None) -> str:
    has_bootstrap = resampled is not None and bounds_anything(resampled)
    if bounds_anything(exact):
        return f"DeLong; bootstrap {interval(resampled)}" if has_bootstrap else "DeLong"
    is_flat = exact.reason == "zero_variance"
    undefined = f"DeLong's is undefined: {_NO_VARIANCE if is_flat else reason_in_words(exact.reason)}"
    if has_bootstrap:
        return f"bootstrap; {undefined}"
    note = None if resampled is None else interval_note(resampled)
    return undefined if note is None else f"{note}; {undefined}"


def _row(title: str, value: float | None, found: Interval | None, reason: str | None) -> list[str]:
    return [title, number(value), interval(found), _note(value, found, reason)]


def _note(value: float | None, found: Interval | None, reason: str | None) -> str:
    if value is None:
        return reason_in_words(reason)
    if found is None:
        return ""
    return interval_note(found) or "bootstrap"


def _pixel_rows(pixel: PixelResults) -> Iterator[list[str]]:
    titles = {
        "pixel_auroc": metric_name("pixel_auroc"),
        "pixel_average_precision": metric_name("pixel_average_precision"),
        "aupro": f"AUPRO, up to FPR {pixel.aupro_limit:g}",
    }
    if pixel.aupimo_limits is not None:
        low, high = pixel.aupimo_limits
        titles["aupimo"] = f"AUPIMO, FPR {low:g} to {high:g}"
    if pixel.saturation is not None:
        titles["au_spro"] = f"AU-sPRO, up to FPR {pixel.aupro_limit:g}, saturation {pixel.saturation:g}"
    for name, title in titles.items():
        yield _row(title, getattr(pixel, name), pixel.intervals.get(name), pixel.reasons.get(name))


def oracles_table(results: Results) -> str:
    """Return what the best threshold attains, marked as what no deployed threshold can promise."""
    pixel = results.pixel_metrics
    rows = [_oracle_row("f1_max", results.f1_max, results.f1_max_threshold, results.intervals.get("f1_max"))]
    if pixel is not None:
        found = pixel.intervals.get("pixel_f1_max")
        rows.append(_oracle_row("pixel_f1_max", pixel.pixel_f1_max, pixel.pixel_f1_max_threshold, found))
    for name, point in results.operating_points.items():
        title = _operating_title(name, point)
        rows.append(_oracle_row(title, point.value, point.threshold, results.intervals.get(name)))
    header = ("oracle", "value", interval_title(results), "at score")
    text = f'<h3>What the best threshold could do</h3><p class="muted">{_ORACLES}</p>'
    return text + noted_table(header, rows)


def _oracle_row(name: str, value: float | None, threshold: float | None, found: Interval | None) -> list[str]:
    note = None if found is None else interval_note(found)
    return [metric_name(name), number(value), interval(found), _score(threshold), note or ""]


def _operating_title(name: str, point: OperatingPoint) -> str:
    limit = percent(point.limit)
    titles = {
        "tpr_at_fpr": f"defects found, false alarms at most {limit}",
        "fpr_at_tpr": f"false alarms, defects found at least {limit}",
        "normals_passed": f"normals passed, misses at most {limit}",
    }
    return titles.get(name, name)


def _score(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"
