"""The calibration images of a category that set its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_workbench.html._table import table
from pyimgano_workbench.lines import scored

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 5


def calibration_images(lines: Iterable[dict[str, Any]]) -> str:
    """Return the calibration images that set how high the threshold lies: those with the highest scores."""
    highest = sorted(scored(lines), key=lambda item: item[1], reverse=True)[:_SHOWN]
    rows = [[name, f"{score:.4g}"] for name, score in highest]
    title = "<h3>The highest-scored calibration images, which the threshold follows</h3>"
    return title + table(("image", "score"), rows, "images") if rows else ""
