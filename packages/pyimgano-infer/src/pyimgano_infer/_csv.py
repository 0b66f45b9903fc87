"""The lines as a table for spreadsheets, derived from the lines alone (RFC 4180).

Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"), and
control characters are escaped as in JSON, so that each line of the file is a row.
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, BinaryIO

from pyimgano_core.artifacts import atomic_writer
from pyimgano_infer._output import writing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyimgano_core.contracts.prediction import Prediction

Cell = str | int | float | None

COLUMNS = (
    "index",
    "input",
    "category",
    "status",
    "label",
    "score",
    "threshold",
    "review_threshold",
    "error_code",
    "error_message",
    "n_regions",
    "largest_region_area",
    "region_x",
    "region_y",
    "group_id",
    "y_true",
    "map",
    "mask",
    "overlay",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def write_csv(lines: Iterable[Prediction], path: Path) -> None:
    """Write the names of `COLUMNS` and a row for each line, in their order; the file is whole or absent.

    It is UTF-8; a file name's bytes that are no UTF-8 are escaped as in the lines. What is not known stays
    empty. `region_x` and `region_y` are the centroid of the region with the highest score.

    Raises:
        MachineError: the file can't be written.
    """
    with writing(path), atomic_writer(path) as stream:
        table = csv.writer(_Utf8(stream), lineterminator="\n")
        table.writerow(COLUMNS)
        for line in lines:
            table.writerow([_safe(cell) if isinstance(cell, str) else cell for cell in _cells(line)])


class _Utf8:
    """What `csv` writes to: text that becomes bytes at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text.encode("utf-8", "backslashreplace"))


def _cells(line: Prediction) -> tuple[Cell, ...]:
    return (
        line.index,
        line.input,
        line.category,
        line.status,
        line.label,
        line.score,
        line.threshold,
        line.review_threshold,
        *((None, None) if line.error is None else (line.error.code, line.error.message)),
        *_region_cells(line),
        line.group_id,
        line.y_true,
        None if line.anomaly_map is None else line.anomaly_map.path,
        line.mask,
        line.overlay,
    )


def _region_cells(line: Prediction) -> tuple[Cell, ...]:
    """Return how many regions there are, the largest one's area, and where the highest one (the first) is."""
    if not line.regions:
        return None if line.regions is None else 0, None, None, None
    areas = [region.area for region in line.regions]
    return len(areas), max(areas), *line.regions[0].centroid_xy


def _safe(text: str) -> str:
    guarded = f"'{text}" if text.startswith(_FORMULA) else text
    return _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], guarded)
