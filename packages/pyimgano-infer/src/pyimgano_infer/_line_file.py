"""A file of lines that grows: whoever reads it finds whole lines only, at any moment."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import parse_json
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_infer._output import shown, write_all, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

_CHUNK = 1 << 16
_SYNC_SECONDS = 1.0


class LineFile:
    """The file, while it is open."""

    def __init__(self, path: Path, stream: FileIO) -> None:
        self._path = path
        self._stream = stream
        self._end = _end_of_lines(stream)
        self._synced, self._is_synced = time.monotonic(), True
        self._cut()  # a line that a killed process left unfinished

    def read(self) -> Iterator[Prediction]:
        """Yield the lines that are there.

        Raises:
            ArtifactError: one was damaged.
        """
        with self._path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                yield _parse(line, f"{shown(self._path)}:{number}")

    def append(self, line: bytes) -> None:
        """Add a line; within a second or so it is safe from a loss of power too.

        Raises:
            MachineError: it can't be written; the lines before it stay.
        """
        with writing(self._path):
            try:
                write_all(self._stream, line)
            except OSError:
                self._cut()
                raise
            self._end += len(line)
            self._is_synced = False
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                self.sync()

    def sync(self) -> None:
        """Make all lines safe from a loss of power.

        Raises:
            MachineError: they can't be written.
        """
        if self._is_synced:
            return
        with writing(self._path):
            os.fsync(self._stream.fileno())
        self._synced, self._is_synced = time.monotonic(), True

    def _cut(self) -> None:
        self._stream.truncate(self._end)
        self._stream.seek(self._end)


@contextmanager
def open_lines(path: Path) -> Iterator[LineFile]:
    """Open a file of lines, which is made where it is not there.

    Raises:
        MachineError: it can't be written.
        UsageError: it is no file.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"--output {shown(path)!r}: is no file")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        stream = path.open("r+b", buffering=0)
    with stream:
        with writing(path):
            lines = LineFile(path, stream)
        yield lines
        lines.sync()


def _end_of_lines(stream: FileIO) -> int:
    """Return where the last whole line ends."""
    end = stream.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _CHUNK)
        stream.seek(start)
        place = stream.read(end - start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _parse(line: bytes, where: str) -> Prediction:
    try:
        return structure(parse_json(line.decode()), Prediction, known_only=False)
    except (ValueError, StructuringError) as exc:
        raise ArtifactError(f"{where}: was damaged, {exc}; choose another --output") from exc
