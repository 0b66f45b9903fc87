"""Masks as compressed run lengths in the form of COCO.

A mask is read column by column as runs of 0, 1, 0, … From the fourth run on, a run is told by its difference
from the one before the last. Numbers are cut into groups of five bits, the lowest first; a group's sixth bit
says that another follows, and 48 is added to make it a printable character.

Source: https://github.com/cocodataset/cocoapi (`common/maskApi.c`: `rleEncode`, `rleToString`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.prediction import RunLengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BITS = 5
_MORE = 0x20
_FIRST_CHARACTER = 48


def encode_run_lengths(mask: NDArray[np.bool_]) -> RunLengths:
    """Return a mask (H, W) as run lengths that `pycocotools.mask.decode` reads."""
    height, width = mask.shape
    columns = mask.ravel(order="F")
    changes = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    first = [0] if columns[0] else []  # the first run is of 0, and may be empty
    edges = np.concatenate((first, [0], changes, [columns.size])).astype(np.int64)  # (R + 1,)
    counts = edges[1:] - edges[:-1]
    told = counts.copy()
    told[3:] -= counts[1:-2]
    return RunLengths(size=(height, width), counts=_characters(told))


def _characters(numbers: NDArray[np.int64]) -> str:
    longest = int(np.abs(numbers).max()).bit_length() // _BITS + 1  # groups, with a bit for the sign
    shifts = _BITS * np.arange(longest)
    ends = np.int64(1) << (shifts[1:] - 1)  # what needs one more group, (G - 1,)
    beyond = (numbers[:, None] >= ends) | (numbers[:, None] < -ends)  # (R, G - 1)
    groups = (numbers[:, None] >> shifts) & (_MORE - 1)  # (R, G)
    groups[:, :-1] |= np.where(beyond, _MORE, 0)
    used = np.concatenate((np.ones((len(numbers), 1), np.bool_), beyond), axis=1)
    return bytes((groups[used] + _FIRST_CHARACTER).astype(np.uint8)).decode("ascii")
