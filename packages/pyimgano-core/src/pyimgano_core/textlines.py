"""Lines of text that anyone may have written: in files, of which only regular ones are opened, and shown."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, BinaryIO

from pyimgano_core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_lines(path: Path, what: str) -> BinaryIO:
    """Open a file for reading; a pipe or a device is refused, as opening it would wait for ever.

    Args:
        path: the file.
        what: the kind of file, for the message.

    Raises:
        DataError: it is missing, no file, or can't be read.
    """
    cause: Exception | None = None
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.open("rb")
        reason = "is not a file"
    except FileNotFoundError as exc:
        reason, cause = "not found", exc
    except (OSError, ValueError) as exc:
        reason, cause = f"can't be read: {getattr(exc, 'strerror', None) or exc}", exc
    raise DataError(f"{what} {str(path)!r} {reason}") from cause


def printable(text: str) -> str:
    r"""Return text as one line that does nothing to a terminal: what is not printable is escaped, as `\n`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def raw_lines(stream: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """Yield each line's bytes, or None for one of more than `limit` bytes, which is passed over in pieces."""
    while raw := stream.readline(limit + 1):
        if len(raw) <= limit or raw.endswith(b"\n"):
            yield raw
            continue
        while (rest := stream.readline(limit)) and not rest.endswith(b"\n"):
            pass
        yield None
