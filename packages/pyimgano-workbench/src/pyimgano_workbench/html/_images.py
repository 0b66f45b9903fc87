"""The per-image lines of a category: their histogram, and the images that were scored worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import parse_json
from pyimgano_workbench.formats import NONE
from pyimgano_workbench.histogram import score_histogram
from pyimgano_workbench.html._table import table

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import CategoryReport

_WORST = 5
_SHOWN_KEYS = ("input", "defect", "score", "label", "y_true")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return what is shown of each line; `str.splitlines` would also split at U+2028 within a name."""
    with path.open("rb") as stream:
        documents = (parse_json(line.decode()) for line in stream)
        return [{key: document.get(key) for key in _SHOWN_KEYS} for document in documents]


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
    header = ("image", "defect", "score", "label")
    return f"<h3>{title}</h3>{table(header, rows, 'images')}" if rows else ""
