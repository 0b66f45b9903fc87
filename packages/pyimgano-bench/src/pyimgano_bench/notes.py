"""What a reader must know beside the numbers, a line each: why one is missing, what one does not say."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_bench.rows import IMAGE_METRICS, PIXEL_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_bench.cell import BenchCell
    from pyimgano_core.contracts.report import CategoryReport

_SHOWN_PLACES = 3
_FIT_SECONDS = "fit s: the first cell of a detector includes loading its framework and exporting its graph"
_NAMES = {
    "auroc": "image AUROC",
    "average_precision": "image AP",
    "f1_max": "image F1-max",
    "pixel_auroc": "pixel AUROC",
    "pixel_average_precision": "pixel AP",
    "pixel_f1_max": "pixel F1-max",
    "aupro": "AUPRO",
    "aupimo": "AUPIMO",
}
_REASONS = {
    "no_positives": "there are no anomalous test images",
    "no_negatives": "there are no normal test images",
    "no_positive_pixels": "no mask marks a pixel",
    "no_negative_pixels": "the masks leave no normal pixel",
    "no_normal_images": "there are no normal test images",
    "no_calibration_images": "there are no calibration images",
}


def make_notes(cells: Iterable[BenchCell]) -> tuple[str, ...]:
    """Return the notes of a benchmark; one that holds for several cells names them together."""
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for cell in cells:
        category = f"{cell.dataset}/{cell.category}"
        if cell.report is None:
            where = f"{category} {cell.detector} seed {cell.seed}"
            reason = cell.error.message if cell.error is not None else "no result"
            places[f"failed: {_one_line(reason)}"][where] = None
            continue
        for text in _of_report(cell.report):
            places[text][category] = None
    return (*(f"{_join(list(names))}: {text}" for text, names in places.items()), _FIT_SECONDS)


def _of_report(report: CategoryReport) -> Iterator[str]:
    results, gate = report.results, report.pixel_metrics_status
    if results.pixel_metrics is None:
        yield f"no pixel metrics: {gate.message or gate.reason}"
    elif gate.subset != "all":
        yield f"pixel metrics are over a subset: {gate.message}"
    yield from _undefined(results.reasons, IMAGE_METRICS.values())
    if results.pixel_metrics is not None:
        yield from _undefined(results.pixel_metrics.reasons, PIXEL_METRICS.values())
    for name, flags in results.flags.items():
        yield f"{_NAMES.get(name, name)} is qualified: {', '.join(flags)}"
    provenance = report.threshold.provenance
    if report.threshold.value is None:
        reason = provenance.reason or "no_threshold"
        yield f"no threshold, so no false alarms or misses: {_REASONS.get(reason, reason)}"
    for step in provenance.fallbacks:
        yield f"{step.message}; the threshold is by {provenance.method} instead"
    yield from provenance.warnings
    if report.failures:
        first = report.failures[0].error.message
        yield f"{len(report.failures)} images could not be used, the first: {_one_line(first)}"


def _undefined(reasons: dict[str, str], names: Iterable[str]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if name in reasons:
            by_reason[reasons[name]].append(_NAMES[name])
    for reason, metrics in by_reason.items():
        yield f"{', '.join(metrics)} undefined: {_REASONS.get(reason, reason)}"


def _join(places: list[str]) -> str:
    if len(places) <= _SHOWN_PLACES:
        return ", ".join(places)
    return f"{', '.join(places[:_SHOWN_PLACES])} and {len(places) - _SHOWN_PLACES} more"


def _one_line(text: str) -> str:
    return " ".join(text.split())
