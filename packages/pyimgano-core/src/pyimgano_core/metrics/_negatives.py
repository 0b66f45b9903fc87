"""The scores of negative pixels, held until all positives are known, in bounded memory.

Negatives are only ever counted above a score, so that their order and place are of no use: they are sorted by
value in chunks and the chunks wait in a temporary file without a name. Counts of chunks add up in any order.
"""

from __future__ import annotations

import tempfile
import weakref
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.metrics._scores import Scores

CHUNK = 1 << 22  # scores per sort: large enough that searching the chunks costs less than sorting them


class Negatives:
    """A bag of scores that gives them back as sorted chunks; memory is one chunk."""

    def __init__(self) -> None:
        self._file: _ChunkFile | None = None
        self._stored: list[_Chunk] = []
        self._waiting: list[Scores] = []  # not yet sorted, less than CHUNK in all
        self._n_waiting = 0

    def add(self, scores: Scores) -> None:
        """Add scores (N,), which must not change afterwards."""
        self._waiting.append(scores)
        self._n_waiting += len(scores)
        if self._n_waiting >= CHUNK:
            self._store()

    def merge(self, other: Self) -> None:
        """Add all scores of `other`, which stays as it is; the two share its file from now on."""
        self._stored.extend(other._stored)
        for scores in other._waiting:
            self.add(scores)

    def chunks(self) -> Iterator[Scores]:
        """Yield all scores, each chunk sorted ascending."""
        for chunk in self._stored:
            yield chunk.file.read(chunk)
        yield self._sorted()

    def _store(self) -> None:
        if self._file is None:
            self._file = _ChunkFile()
        values = self._sorted()
        self._waiting = []
        self._n_waiting = 0
        self._stored.append(self._file.append(values))

    def _sorted(self) -> Scores:
        values = np.concatenate([np.empty(0, np.float32), *self._waiting])
        values.sort()
        return values


@define(frozen=True, kw_only=True, eq=False)
class _Chunk:
    """Where sorted scores stand."""

    file: _ChunkFile
    offset: int  # bytes
    dtype: npt.DTypeLike
    count: int


class _ChunkFile:
    """A temporary file that vanishes with its last user; what is written in it never changes."""

    def __init__(self) -> None:
        # It lives as long as its chunks do, which no block of code does.
        self._file = tempfile.TemporaryFile(prefix="pyimgano-")  # noqa: SIM115
        self._end = 0
        weakref.finalize(self, self._file.close)

    def append(self, values: Scores) -> _Chunk:
        try:
            self._file.seek(self._end)
            self._file.write(values.data)
            self._file.flush()
        except OSError as error:
            raise MachineError(
                f"{tempfile.gettempdir()}: no room for the {self._end + values.nbytes} bytes of pixel scores"
                f" that are kept there ({error.strerror}): free some, or name another folder in TMPDIR"
            ) from error
        chunk = _Chunk(file=self, offset=self._end, dtype=values.dtype, count=len(values))
        self._end += values.nbytes
        return chunk

    def read(self, chunk: _Chunk) -> Scores:
        values = np.empty(chunk.count, chunk.dtype)
        self._file.seek(chunk.offset)
        self._file.readinto(values.data)
        return values
