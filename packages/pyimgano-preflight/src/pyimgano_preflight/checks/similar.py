"""Candidates for near-duplicates: images whose difference hashes are close.

The hash is cut into bands, and only images that agree in a whole band are compared: locality-sensitive
hashing (http://www.mmds.org, chapter 3). Within a band, images are sorted by all of their hash and compared
with their neighbours, so that the work is bounded where a rigid fixture makes all hashes alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

HASH_BYTES = 30
_BANDS = 8
_BAND_BITS = 30
_MOST_DIFFERENT_BITS = 24
_FEWEST_NEIGHBOURS = 32
_COMPARISONS_PER_BAND = 250_000
_MOST_PAIRS = 100_000
_ROWS_AT_ONCE = 1 << 14  # bits take a byte each while they are sorted into bands


@define(frozen=True, kw_only=True, eq=False)
class ClosePairs:
    """Pairs of images, those with the closest hashes first.

    `crowded` counts the images that had more companions in a band than were compared; `is_full` says that
    there were more pairs than are kept.
    """

    first: NDArray[np.int64]  # (P,)
    second: NDArray[np.int64]  # (P,) above `first`
    crowded: int
    is_full: bool


def find_close(hashes: NDArray[np.uint8]) -> ClosePairs:
    """Return the pairs that agree in one of 8 bands and differ in at most a tenth of all bits.

    Args:
        hashes: uint8 (N, 30), the 240 bits of each image.
    """
    count = len(hashes)
    bands = _bands(hashes)  # (N, 8)
    neighbours = max(_FEWEST_NEIGHBOURS, _COMPARISONS_PER_BAND // max(count, 1))
    crowded = np.zeros(count, np.bool_)
    closest = _Closest()
    for band in range(_BANDS):
        turned = np.roll(bands, -band, axis=1)
        order = np.lexsort(turned.T[::-1])
        crowded[order] |= _in_long_run(turned[order, 0], neighbours + 1)
        for keys in _near_in_order(turned[order], order, neighbours):
            closest.add(keys)
    pairs = closest.take() % max(count * count, 1)
    return ClosePairs(
        first=pairs // max(count, 1),
        second=pairs % max(count, 1),
        crowded=int(crowded.sum()),
        is_full=closest.is_full,
    )


class _Closest:
    """The smallest of the numbers that were added, each once, in bounded memory."""

    def __init__(self) -> None:
        self.is_full = False
        self._waiting: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._count = 0

    def add(self, keys: NDArray[np.int64]) -> None:
        if self.is_full:
            keys = keys[keys < self._waiting[0][-1]]
        self._waiting.append(keys)
        self._count += len(keys)
        if self._count > 2 * _MOST_PAIRS:
            self.take()

    def take(self) -> NDArray[np.int64]:
        found = np.concatenate(self._waiting)
        self._waiting = []  # np.unique would hold all of it three times
        found.sort()
        is_first = np.ones(len(found), np.bool_)
        np.not_equal(found[1:], found[:-1], out=is_first[1:])
        found = found[is_first]
        self.is_full |= len(found) > _MOST_PAIRS
        self._waiting = [found[:_MOST_PAIRS]]
        self._count = len(self._waiting[0])
        return self._waiting[0]


def _bands(hashes: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the bands as numbers, (N, 8)."""
    bands = np.zeros((len(hashes), _BANDS), np.uint32)
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        bits = np.unpackbits(hashes[rows], axis=1).reshape(-1, _BANDS, _BAND_BITS)
        packed = np.packbits(bits, axis=2)  # (N, 8, 4), the last byte padded
        bands[rows] = packed.view(np.uint32)[:, :, 0]
    return bands


def _in_long_run(values: NDArray[np.uint32], length: int) -> NDArray[np.bool_]:
    """Return which of the `values` (N,) occur more than `length` times."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    long: NDArray[np.bool_] = (counts > length)[places]
    return long


def _near_in_order(
    bands: NDArray[np.uint32], order: NDArray[np.int64], neighbours: int
) -> Iterator[NDArray[np.int64]]:
    """Yield the close pairs among sorted rows, each as one number that sorts by distance, first, second.

    Args:
        bands: (N, 8), sorted; rows are compared that agree in the first band.
        order: (N,) the image of each row.
        neighbours: how many rows apart two rows may be.
    """
    count = len(order)
    for step in range(1, min(neighbours, count - 1) + 1):
        same = np.flatnonzero(bands[step:, 0] == bands[:-step, 0])
        if not same.size:
            return
        distance = np.bitwise_count(bands[same] ^ bands[same + step]).sum(axis=1, dtype=np.int64)
        near = distance <= _MOST_DIFFERENT_BITS
        one, other = order[same[near]], order[same[near] + step]
        yield (distance[near] * count + np.minimum(one, other)) * count + np.maximum(one, other)
