"""The metrics of a category as tables: those without a threshold, and the best that a threshold could do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_workbench.formats import NONE, interval, number, percent
from pyimgano_workbench.html._table import table
from pyimgano_workbench.words import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.metric import Interval, OperatingPoint
    from pyimgano_core.contracts.report import PixelResults, Results

_IMAGE = {"auroc": "image AUROC", "average_precision": "image average precision"}
_ORACLES = (
    "Oracles: for each, the threshold was chosen with the test labels known. They say what the scores could "
    "do, and none of these thresholds is in use."
)


def interval_title(results: Results) -> str:
    """Return the title of the column of intervals, `95 % interval`."""
    found = [results.auroc_delong, *results.intervals.values()]
    levels = [each.level for each in found if each is not None]
    return f"{percent(levels[0])} interval" if levels else "interval"


def metrics_table(results: Results) -> str:
    """Return the threshold-free metrics with their intervals."""
    name = "average_precision"
    found, reason = results.intervals.get(name), results.reasons.get(name)
    rows = [_auroc_row(results), _row(_IMAGE[name], results.average_precision, found, reason)]
    if results.pixel_metrics is not None:
        rows += _pixel_rows(results.pixel_metrics)
    return "<h3>Metrics</h3>" + table(("metric", "value", interval_title(results), ""), rows, "noted")


def _auroc_row(results: Results) -> list[str]:
    """The interval that holds, with the other beside it."""
    exact, resampled = results.auroc_delong, results.intervals.get("auroc")
    if results.auroc is None or exact is None:
        return _row(_IMAGE["auroc"], results.auroc, resampled, results.reasons.get("auroc"))
    shown = results.auroc_interval
    if exact.low is None:
        undefined = f"DeLong's is undefined: {reason_in_words(exact.reason)}"
        note = undefined if shown is None else f"bootstrap; {undefined}"
    else:
        note = "DeLong" if resampled is None else f"DeLong; bootstrap {interval(resampled)}"
    return [_IMAGE["auroc"], number(results.auroc), interval(shown), note]


def _row(title: str, value: float | None, found: Interval | None, reason: str | None) -> list[str]:
    return [title, number(value), interval(found), _note(value, found, reason)]


def _note(value: float | None, found: Interval | None, reason: str | None) -> str:
    if value is None:
        return reason_in_words(reason)
    if found is None:
        return ""
    if found.low is None:
        return f"no interval: {reason_in_words(found.reason)}"
    return "bootstrap" if found.low != found.high else "bootstrap: all resamples agree, which bounds nothing"


def _pixel_rows(pixel: PixelResults) -> Iterator[list[str]]:
    titles = {
        "pixel_auroc": "pixel AUROC",
        "pixel_average_precision": "pixel average precision",
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
    rows = [_f1_max_row(results)]
    pixel = results.pixel_metrics
    if pixel is not None:
        found = pixel.intervals.get("pixel_f1_max")
        rows.append(["pixel F1-max", number(pixel.pixel_f1_max), interval(found), NONE])
    for name, point in results.operating_points.items():
        rows.append(_operating_row(name, point, results.intervals.get(name)))
    header = ("oracle", "value", interval_title(results), "at score")
    return f'<h3>What the best threshold could do</h3><p class="muted">{_ORACLES}</p>' + table(header, rows)


def _f1_max_row(results: Results) -> list[str]:
    found = results.intervals.get("f1_max")
    return ["image F1-max", number(results.f1_max), interval(found), _score(results.f1_max_threshold)]


def _operating_row(name: str, point: OperatingPoint, found: Interval | None) -> list[str]:
    limit = percent(point.limit)
    titles = {
        "tpr_at_fpr": f"defects found, false alarms at most {limit}",
        "fpr_at_tpr": f"false alarms, defects found at least {limit}",
        "normals_passed": f"normals passed, misses at most {limit}",
    }
    return [titles.get(name, name), number(point.value), interval(found), _score(point.threshold)]


def _score(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"
