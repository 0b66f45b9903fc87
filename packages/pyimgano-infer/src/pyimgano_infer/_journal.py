"""Finds the images that kill the program, so that it goes on without them when it is started again.

A process that is killed can't say what it was at, so it writes that down before: an image that is begun and
not ended in the journal was at work when the process died. Where it ends in order, the journal is removed.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from pyimgano_core.artifacts import parse_json, remove_lock, to_json, try_lock
from pyimgano_core.cli.app import INTERRUPTS
from pyimgano_core.errors import PyimganoError, UsageError
from pyimgano_infer._output import shown, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_infer._scan import State

    Key = tuple[str, int, int]  # path and state


class Journal:
    """Which images are at work; several threads may share it.

    Args:
        path: the file.
        stream: the file, open for appending.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._deaths = _deaths(path.read_bytes())
        self._at_work: set[Key] = set()
        self._lock = threading.Lock()
        self._shorten()

    def deaths(self, path: str, state: State) -> int:
        """Return how many processes died while an image was at work."""
        return self._deaths[path, *state]

    def begin(self, path: str, state: State) -> None:
        """Note that an image is at work.

        Raises:
            MachineError: the journal can't be written.
        """
        with self._lock:
            self._at_work.add((path, *state))
            self._write("begun", (path, *state))

    def end(self, path: str, state: State) -> None:
        """Note that an image is done, or left for later.

        Raises:
            MachineError: the journal can't be written.
        """
        key = (path, *state)
        with self._lock:
            self._at_work.discard(key)
            self._deaths.pop(key, None)
            if self._at_work:
                self._write("ended", key)
            else:
                self._shorten()

    def _shorten(self) -> None:
        """Keep the blame alone, for the file would grow for ever; nothing may be at work."""
        with writing(self._path):
            self._stream.truncate(0)
        for key in self._deaths.elements():
            self._write("begun", key)

    def _write(self, what: str, key: Key) -> None:
        with writing(self._path):
            self._stream.write(to_json([what, *key]).encode() + b"\n")
            self._stream.flush()


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Give the journal, which only one process can have.

    Raises:
        MachineError: it can't be written.
        UsageError: another process has it.
    """
    with writing(path):
        stream = _lock(path)
    with stream:
        try:
            yield Journal(path, stream)
        except (*INTERRUPTS, PyimganoError):  # no image's fault
            remove_lock(path, stream)
            raise
        remove_lock(path, stream)


def _lock(path: Path) -> BinaryIO:
    while True:
        stream = try_lock(path)
        if stream is None:
            raise UsageError(
                f"{shown(path)}: another process watches for the same --output; end it, or choose another one"
            )
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        stream.close()  # its last holder has removed it meanwhile


def _deaths(journal: bytes) -> Counter[Key]:
    """Return how often each image was begun and never ended."""
    deaths: Counter[Key] = Counter()
    for line in journal.splitlines():
        with suppress(ValueError, TypeError):  # a torn one
            what, path, size, modified = parse_json(line.decode())
            key = (str(path), int(size), int(modified))
            if what == "begun":
                deaths[key] += 1
            else:
                del deaths[key]
    return deaths
