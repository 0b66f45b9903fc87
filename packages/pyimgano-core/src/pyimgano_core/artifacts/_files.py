"""Files that are whole or absent: written under a temporary name, synced, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path` for bytes; it takes the name when the block ends without error.

    A link stays, and the file that it leads to is written.

    Raises:
        OSError: it can't be written; of a full disk, too, it names `path`.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as exc:
        if exc.filename == str(temporary) or (exc.filename is None and exc.errno in _FULL):
            exc.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    with atomic_writer(path) as stream:
        stream.write(content)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file or none; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def relative_path(path: Path | str, start: Path | str = os.curdir) -> str:
    """Return the way from a folder to a path, absolute where none leads there, as to another drive."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return os.path.abspath(path)  # noqa: PTH100 - as text


def sha256_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
