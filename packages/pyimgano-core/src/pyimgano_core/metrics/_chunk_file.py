"""Arrays that wait on disk: a temporary file without a name, which vanishes with its last user."""

from __future__ import annotations

import tempfile
import weakref
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from pyimgano_core.metrics._scores import Scores


@define(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Where scores stand."""

    file: ChunkFile
    offset: int  # bytes
    dtype: npt.DTypeLike
    count: int


class ChunkFile:
    """A file of scores, (N,) each; what is written in it never changes."""

    def __init__(self) -> None:
        # It lives as long as its chunks do, which no block of code does.
        self._file = tempfile.TemporaryFile(prefix="pyimgano-", buffering=0)  # noqa: SIM115
        self._end = 0
        weakref.finalize(self, self._file.close)

    def append(self, values: Scores) -> Chunk:
        try:
            self._file.seek(self._end)
            rest = values.view(np.uint8).data
            while rest:  # a disk that fills up takes a part first
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise MachineError(
                f"{tempfile.gettempdir()}: no room for the {self._end + values.nbytes} bytes of pixel scores"
                f" that are kept there ({error.strerror}): free some, or name another folder in TMPDIR"
            ) from error
        chunk = Chunk(file=self, offset=self._end, dtype=values.dtype, count=len(values))
        self._end += values.nbytes
        return chunk

    def read(self, chunk: Chunk) -> Scores:
        values = np.empty(chunk.count, chunk.dtype)
        self._file.seek(chunk.offset)
        self._file.readinto(values.data)
        return values
