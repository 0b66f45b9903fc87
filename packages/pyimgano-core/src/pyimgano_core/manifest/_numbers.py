"""What is named again and again, found in little memory: hashes are kept and sorted, and not the keys.

A dictionary takes 200 bytes and more for each key. Where two hashes are equal, the keys are asked for again,
so that nothing depends on luck.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from numpy.typing import NDArray

_NO_KEY = 0  # the mark of a place without a key
_BLOCK = 1 << 13
_PARTS = 8


def find_repeated(
    count: int,
    key_at: Callable[[int], Hashable | None],
    keys: Iterable[Hashable | None] | None = None,
) -> list[list[int]]:
    """Return the places of each key that appears more than once, in the order of their first.

    Args:
        count: how many places there are.
        key_at: returns the key of a place as often as it is asked; None is no key.
        keys: the keys of all places, where that costs less than to ask for each.
    """
    marks = _marks(map(key_at, range(count)) if keys is None else keys, count)
    wanted = np.concatenate([_repeated(marks, part) for part in range(_PARTS)])
    groups: dict[Hashable, list[int]] = {}
    for place in _places_of(np.sort(wanted), marks):
        groups.setdefault(key_at(place), []).append(place)
    return [places for places in groups.values() if len(places) > 1]


class KeyNumbers:
    """Equal keys have one number, counted in the order in which they first appear.

    Attributes:
        numbers: int32 (N,), the number of each key.
        first: int32 (M,), the place where each number first appears.
    """

    def __init__(self, count: int, key_at: Callable[[int], Hashable]) -> None:
        """Number `count` keys, below 2**31, each of which `key_at` returns as often as it is asked."""
        self._odd: dict[Hashable, int] = {}  # keys whose hash is that of another
        hashes = _hashes(count, key_at)
        order = np.argsort(hashes, kind="stable").astype(np.int32)  # (N,)
        hashes = hashes[order]
        is_first = np.ones(count, np.bool_)  # of its hash
        is_first[1:] = hashes[1:] != hashes[:-1]
        hashes = hashes[is_first]  # (H,)
        starts = np.flatnonzero(is_first).astype(np.int32)  # (H,)
        owners = np.empty(count, np.int32)  # the place where each key first appears
        owners[order] = np.repeat(order[starts], np.diff(starts, append=count))
        self._part_equal_hashes(order, starts, owners, key_at)
        self.first = np.flatnonzero(owners == np.arange(count, dtype=np.int32)).astype(np.int32)
        self.numbers = np.searchsorted(self.first, owners).astype(np.int32)
        self._odd = {key: int(self.numbers[place]) for key, place in self._odd.items()}
        self._hashes = array("q", hashes.tobytes())
        self._found: NDArray[np.int32] = self.numbers[order[starts]]  # (H,)

    def __len__(self) -> int:
        """Return how many different keys there are."""
        return len(self.first)

    def find(self, key: Hashable) -> int | None:
        """Return the number of a key; None where it was not numbered, unless its hash is that of another."""
        if self._odd and key in self._odd:
            return self._odd[key]
        wanted = hash(key)
        place = bisect_left(self._hashes, wanted)
        is_known = place < len(self._hashes) and self._hashes[place] == wanted
        return int(self._found[place]) if is_known else None

    def _part_equal_hashes(
        self,
        order: NDArray[np.int32],
        starts: NDArray[np.int32],
        owners: NDArray[np.int32],
        key_at: Callable[[int], Hashable],
    ) -> None:
        """Give keys that are not equal, though their hashes are, owners of their own."""
        sizes = np.diff(starts, append=len(order))
        for run in np.flatnonzero(sizes > 1).tolist():
            places = order[starts[run] : starts[run] + sizes[run]].tolist()
            first = key_at(places[0])
            for place in places[1:]:
                key = key_at(place)
                if key != first:
                    owners[place] = self._odd.setdefault(key, place)


def _hashes(count: int, key_at: Callable[[int], Hashable]) -> NDArray[np.int64]:
    return np.fromiter((hash(key_at(place)) for place in range(count)), np.int64, count)


def _marks(keys: Iterable[Hashable | None], count: int) -> NDArray[np.uint32]:
    """Return half a hash of each key (N,): of a million keys that differ, some hundred pairs share one."""
    hashes = (0 if key is None else hash(key) or 1 for key in keys)
    marks = np.empty(count, np.uint32)
    for start in range(0, count, _BLOCK):
        block = np.fromiter(islice(hashes, _BLOCK), np.int64, min(_BLOCK, count - start))
        folded = (block ^ block >> 32).astype(np.uint32)
        folded[(folded == _NO_KEY) & (block != 0)] = 1
        marks[start : start + _BLOCK] = folded
    return marks


def _repeated(marks: NDArray[np.uint32], part: int) -> NDArray[np.uint32]:
    """Return which of a part of the marks have more than one place; to sort all at once takes more memory."""
    blocks = (marks[start : start + _BLOCK] for start in range(0, len(marks), _BLOCK))
    ordered = np.sort(np.concatenate([marks[:0], *(block[block % _PARTS == part] for block in blocks)]))
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    found: NDArray[np.uint32] = again[again != _NO_KEY]
    return found


def _places_of(wanted: NDArray[np.uint32], marks: NDArray[np.uint32]) -> Iterator[int]:
    """Yield where a mark is one of those wanted, (W,) in order."""
    for start in range(0, len(marks) if len(wanted) else 0, _BLOCK):
        block = marks[start : start + _BLOCK]
        found = np.minimum(np.searchsorted(wanted, block), len(wanted) - 1)
        yield from (start + np.flatnonzero(wanted[found] == block)).tolist()
