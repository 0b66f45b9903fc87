"""Scores that wait on disk: temporary files without a name, each of which vanishes with its last chunk.

What is written never changes, and a chunk is read from where it stands, not from where a file was left: any
number of threads and forked processes may read at once. A pickle or a deep copy takes the contents along.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from pyimgano_core.metrics._scores import Scores

Bytes = npt.NDArray[np.uint8]


@define(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Where scores (N,) stand."""

    file: _File
    offset: int  # bytes
    dtype: npt.DTypeLike
    count: int

    def read(self) -> Scores:
        """Return the scores.

        Raises:
            MachineError: the disk does not give back what was written.
        """
        values: Scores = np.empty(self.count, self.dtype)
        self.file.read(values.view(np.uint8), self.offset)
        return values


class Spool:
    """Writes scores to a file of its own, which it makes when it first needs one."""

    def __init__(self) -> None:
        self._file: _File | None = None

    def append(self, values: Scores) -> Chunk:
        """Store scores (N,).

        Raises:
            MachineError: the disk is full.
        """
        if self._file is None or self._file.process != os.getpid():
            self._file = _File()  # after a fork the old one is the parent's to write to
        offset = self._file.append(values.view(np.uint8))
        return Chunk(file=self._file, offset=offset, dtype=values.dtype, count=len(values))


class _File:
    def __init__(self) -> None:
        # It lives as long as its chunks do, which no block of code does.
        self._file = tempfile.TemporaryFile(prefix="pyimgano-", buffering=0)  # noqa: SIM115
        self._end = 0
        self._lock = Lock()  # of the position
        self.process = os.getpid()
        weakref.finalize(self, self._file.close)

    def __reduce__(self) -> tuple[object, tuple[Bytes]]:
        content = np.empty(self._end, np.uint8)
        self.read(content, 0)
        return _file_of, (content,)

    def append(self, values: Bytes) -> int:
        """Write bytes (B,) and return where they begin; on an error nothing is there."""
        offset, rest = self._end, values.data
        try:
            with self._lock:
                self._file.seek(offset)
                while rest:  # a disk that fills up takes a part first
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise MachineError(
                f"{tempfile.gettempdir()}: no room for the {offset + values.nbytes} bytes of pixel scores"
                f" that are kept there ({error.strerror}): free some, or name another folder in TMPDIR"
            ) from error
        self._end += values.nbytes
        return offset

    def read(self, values: Bytes, offset: int) -> None:
        """Fill `values` (B,) with the bytes from `offset` on."""
        rest = values.data
        while rest:  # a system may give less at a time than is asked for
            count = self._read_some(rest, offset)
            if not count:
                raise MachineError(
                    f"{tempfile.gettempdir()}: a temporary file of pixel scores has lost its end, {len(rest)}"
                    " bytes: look after the disk, or name another folder in TMPDIR, and run again"
                )
            rest, offset = rest[count:], offset + count

    def _read_some(self, target: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [target], offset)
        with self._lock:  # Windows, which does not fork either
            self._file.seek(offset)
            return self._file.readinto(target)


def _file_of(content: Bytes) -> _File:
    file = _File()
    file.append(content)
    return file
