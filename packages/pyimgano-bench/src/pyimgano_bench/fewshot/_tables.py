"""A few-shot study as tables: a line per detector and number of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.study.tables import all_notes, as_markdown, as_text
from pyimgano_core.words import NONE

if TYPE_CHECKING:
    from pyimgano_bench.fewshot._summary import FewShotResults, Point

LEGEND = (
    "mean over categories, then over draws and seeds, ± their standard deviation; of the normal images "
    "a share is held out to calibrate, where there are two or more"
)
_METRICS = {"image_auroc": "AUROC", "pixel_auroc": "px AUROC", "aupro": "AUPRO"}
_HEADER = ["detector", "normals", "draws", "categories", *_METRICS.values(), "false alarms", "misses"]


def text_report(results: FewShotResults) -> str:
    """Return the table and notes for a terminal."""
    return as_text(_table(results), all_notes(results.trial, LEGEND, results.notes))


def markdown_report(results: FewShotResults) -> str:
    """Return the table, the picture and notes as a Markdown document."""
    notes = all_notes(results.trial, LEGEND, results.notes)
    return as_markdown("Few-shot", _table(results), "few_shot.svg", notes)


def _table(results: FewShotResults) -> tuple[list[str], list[list[str]]]:
    several = len({point.dataset for point in results.points}) > 1
    places = list(dict.fromkeys((point.dataset, point.detector) for point in results.points))
    ordered = sorted(results.points, key=lambda p: (places.index((p.dataset, p.detector)), p.count))
    rows = [[*([point.dataset] if several else []), *_row(point)] for point in ordered]
    return [*(["dataset"] if several else []), *_HEADER], rows


def _row(point: Point) -> list[str]:
    metrics = (_value(point, metric) for metric in _METRICS)
    rates = (_percent(rate) for rate in (point.false_alarm_rate, point.miss_rate))
    counts = (str(point.count), str(point.draw_count), str(len(point.categories)))
    return [point.detector, *counts, *metrics, *rates]


def _value(point: Point, metric: str) -> str:
    spread = point.metrics[metric]
    if spread is None:
        return NONE
    return f"{spread.mean:.4f}" + ("" if spread.std is None else f" ± {spread.std:.4f}")


def _percent(rate: float | None) -> str:
    return NONE if rate is None else f"{100 * rate:.1f} %"
