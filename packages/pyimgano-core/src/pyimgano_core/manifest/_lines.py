"""Line numbers of rows in almost no memory: kept where they do not count on."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Lines:
    """The line of each row; 0 where there is none, and then the next row is expected to have none.

    Attributes:
        next: the line that is expected of the next row.
    """

    def __init__(self) -> None:
        """Begin without rows."""
        self._rows = array("i", [0])
        self._first = array("i", [0])  # the line of each of these rows
        self.next = 0

    def jump(self, row: int, line: int) -> None:
        """Let the next row have another line than the expected one."""
        self._rows.append(row)
        self._first.append(line)
        self.next = line

    def at(self, row: int) -> int:
        """Return the line of a row."""
        run = bisect_right(self._rows, row) - 1
        first = self._first[run]
        return first and first + row - self._rows[run]

    def of(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the lines of these rows (N,)."""
        starts = np.array(self._rows, np.int32)
        runs = np.searchsorted(starts, rows, side="right") - 1  # (N,)
        first = np.array(self._first, np.int32)[runs]  # (N,)
        return np.where(first == 0, np.int32(0), first + rows - starts[runs])
