"""What the file system says while results are written, and names of files, as clear lines."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyimgano_core.errors import MachineError
from pyimgano_core.textlines import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system says while `path` is written into one clear line.

    Raises:
        MachineError: the file can't be written.
    """
    try:
        yield
    except OSError as exc:
        remedy = ": make room and run the same command again" if exc.errno in _FULL else ""
        message = f"{shown(path)}: can't be written: {exc.strerror or exc}{remedy}"
        raise MachineError(message) from exc


def write_all(stream: FileIO, content: bytes) -> None:
    """Write all of it; a disk that is nearly full takes a piece first.

    Raises:
        OSError: it can't be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


def shown(text: Path | str) -> str:
    """Return text as one line that any terminal can show: what is not printable in a file name is escaped."""
    return printable(str(text))
