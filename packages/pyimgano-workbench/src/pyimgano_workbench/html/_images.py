"""The per-image lines of a category: their histogram, and the images that were scored worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.words import NONE
from pyimgano_workbench.histogram import score_histogram
from pyimgano_workbench.html._table import table
from pyimgano_workbench.lines import scored

if TYPE_CHECKING:
    from pyimgano_core.contracts.report import CategoryReport

_WORST = 5


def histogram(lines: list[dict[str, Any]], report: CategoryReport) -> str:
    """Return the histogram of the scores, with the deployed thresholds."""
    review = report.review_threshold.value if report.review_threshold is not None else None
    svg = score_histogram(lines, report.threshold.value, review)
    return f'<div class="scroll">{svg}</div>' if svg else ""


def worst_images(lines: list[dict[str, Any]], title: str, *, y_true: int) -> str:
    """Return the images of one label that were scored most wrongly."""
    chosen = [line for line in lines if line["y_true"] == y_true and line["score"] is not None]
    chosen.sort(key=lambda line: line["score"], reverse=y_true == 0)
    rows = [
        [line["input"], line["defect"] or NONE, f"{line['score']:.4g}", line["label"] or NONE]
        for line in chosen[:_WORST]
    ]
    header = ("image", "defect", "score", "verdict")
    return f"<h3>{title}</h3>{table(header, rows, 'images')}" if rows else ""


def calibration_images(lines: list[dict[str, Any]]) -> str:
    """Return the calibration images that set how high the threshold lies: those with the highest scores."""
    highest = sorted(scored(lines), key=lambda item: item[1], reverse=True)[:_WORST]
    rows = [[name, f"{score:.4g}"] for name, score in highest]
    title = "<h3>The highest-scored calibration images, which the threshold follows</h3>"
    return title + table(("image", "score"), rows, "images") if rows else ""
