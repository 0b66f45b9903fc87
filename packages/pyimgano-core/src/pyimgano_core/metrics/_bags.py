"""Scores that wait until all positives are known, in bounded memory.

Scores are only ever counted above a threshold, so that their order and place are of no use: they wait in one
buffer, and once it is full, sorted by value, in a temporary file without a name. They come back as short
ascending runs that a core's cache holds. Counts of runs add up in any order. Any number of threads may read
bags while none adds to them.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pyimgano_core.metrics._spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.metrics._scores import Scores
    from pyimgano_core.metrics._spool import Chunk

CHUNK = 1 << 24  # scores in memory, and per sort: the fewer sorts, the fewer searches
RUN = 1 << 18  # scores per search


class Bags:
    """Bags of scores, told apart by a number; memory is one chunk for all of them, or one image."""

    def __init__(self) -> None:
        self._buffer: Scores = np.empty(0, np.float32)
        self._segments: list[tuple[int, int, int]] = []  # bag, start and end in the buffer
        self._spool = Spool()
        self._stored: list[tuple[int, Chunk]] = []
        self._ordered = True
        self._ordering = Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_buffer": self._buffer[: self._end()].copy()}  # no room that is not used
        del state["_ordering"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ordering = Lock()

    def add(self, scores: Scores, bag: int = 0) -> None:
        """Copy scores of any shape into a bag; on an error nothing is added."""
        start = self._end()
        if start and start + scores.size > CHUNK:
            self._store()
            start = 0
        end = start + scores.size
        self._reserve(max(end, CHUNK), scores.dtype)
        self._buffer[start:end] = scores.reshape(-1)
        if self._segments and self._segments[-1][0] == bag:
            start = self._segments.pop()[1]
        self._segments.append((bag, start, end))
        self._ordered = False

    def merge(self, other: Self) -> None:
        """Add all scores of `other`, which stays as it is; the two read its file from now on."""
        self._stored.extend(other._stored)
        for bag, start, end in other._segments:
            self.add(other._buffer[start:end], bag)

    def runs(self) -> Iterator[tuple[int, Scores]]:
        """Yield all scores, each run ascending and with the number of its bag."""
        for bag, chunk in self._stored:
            yield bag, chunk.read()
        yield from self._waiting()

    def _end(self) -> int:
        return self._segments[-1][2] if self._segments else 0

    def _reserve(self, count: int, dtype: np.dtype[np.floating]) -> None:
        """Make room for `count` scores, in float64 from the first score on that needs it."""
        dtype = np.promote_types(self._buffer.dtype, dtype)
        if len(self._buffer) < count or self._buffer.dtype != dtype:
            buffer = np.empty(count, dtype)  # costs no memory before it is written to
            buffer[: self._end()] = self._buffer[: self._end()]
            self._buffer = buffer

    def _store(self) -> None:
        self._stored.extend([(bag, self._spool.append(values)) for bag, values in self._waiting()])
        self._segments = []

    def _waiting(self) -> Iterator[tuple[int, Scores]]:
        """Yield the runs of what is in the buffer."""
        parts: dict[int, list[Scores]] = {}
        for bag, start, end in self._segments:
            parts.setdefault(bag, []).append(self._buffer[start:end])
        with self._ordering:  # once: a second sort of what is in order moves it for a moment
            if not self._ordered:
                for found in parts.values():
                    if len(found) == 1:
                        found[0].sort()  # in place: a bag has no order to lose
                self._ordered = True
        for bag, found in parts.items():
            values = found[0] if len(found) == 1 else np.concatenate(found)
            if len(found) > 1:
                values.sort()
            for first in range(0, len(values), RUN):
                yield bag, values[first : first + RUN]
