"""Finds the path that another path means, by the names at their ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATORS = re.compile(r"[\\/]+")


def names_of(text: str) -> tuple[str, ...]:
    """Return the names of a path, without `.` and without what leads upwards; both slashes separate."""
    names: list[str] = []
    for name in _SEPARATORS.split(text):
        if name == "..":
            names = names[:-1]
        elif name not in {"", "."}:
            names.append(name)
    return tuple(names)


class SuffixIndex:
    """Finds, for a path, those of many paths of which one is the end of the other.

    `good/000.png` is found by `bottle/good/000.png`, and the other way round; `crack/000.png` is not, though
    the last name is the same.
    """

    def __init__(self, paths: Sequence[tuple[str, ...]]) -> None:
        self._paths = paths
        self._by_end: dict[int, dict[tuple[str, ...], list[int]]] = {}
        self._whole: dict[tuple[str, ...], list[int]] = {}
        for index, names in enumerate(paths):
            self._whole.setdefault(names, []).append(index)

    def find(self, names: tuple[str, ...]) -> list[int]:
        """Return the indexes of the paths found: those that share most of the names, or none."""
        found = self._ending_with(names)
        if found:
            return found
        ends = (names[start:] for start in range(1, len(names)))
        return next((self._whole[end] for end in ends if end in self._whole), [])

    def _ending_with(self, names: tuple[str, ...]) -> list[int]:
        length = len(names)
        if length not in self._by_end:  # made when a path of this length is first asked for
            by_end: dict[tuple[str, ...], list[int]] = {}
            for index, path in enumerate(self._paths):
                if len(path) >= length:
                    by_end.setdefault(path[-length:], []).append(index)
            self._by_end[length] = by_end
        return self._by_end[length].get(names, [])
