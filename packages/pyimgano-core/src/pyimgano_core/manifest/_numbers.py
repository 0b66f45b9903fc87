"""What is named again and again, found in little memory: hashes are kept and sorted, and not the keys.

A dictionary takes 200 bytes and more for each key. Where two hashes are equal, the keys are asked for again,
so that nothing depends on luck.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

_NO_KEY = -1  # Python gives this hash to nothing


def find_repeated(count: int, key_at: Callable[[int], Hashable | None]) -> list[list[int]]:
    """Return the places of each key that appears more than once, in the order of their first.

    Args:
        count: how many places there are.
        key_at: returns the key of a place as often as it is asked; None is no key.
    """
    hashes = _hashes(count, key_at)
    ordered = np.sort(hashes)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    del ordered
    groups: dict[Hashable, list[int]] = {}
    for place in np.flatnonzero(np.isin(hashes, again[again != _NO_KEY])).tolist():
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


def _hashes(count: int, key_at: Callable[[int], Hashable | None]) -> NDArray[np.int64]:
    keys = map(key_at, range(count))
    return np.fromiter((_NO_KEY if key is None else hash(key) for key in keys), np.int64, count)
