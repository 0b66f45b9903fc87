"""A lock on a file; the system releases it when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _FAR = 0x7FFF0000  # nobody else can read what is locked, and no file of ours is as long

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(path: Path) -> BinaryIO | None:
    """Lock a file, which is made where it is not there.

    Returns:
        The open file, which releases the lock when it is closed; None where another process holds it. On a
        file system without locks it is open and not locked.
    """
    stream = path.open("ab")
    try:
        _lock(stream.fileno())
    except (BlockingIOError, PermissionError):
        stream.close()
        return None
    except OSError:
        return stream
    return stream


def remove_lock(path: Path, stream: BinaryIO) -> None:
    """Give a lock up and remove its file, which stays where another process has taken it meanwhile."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # Windows removes no file that is open
        stream.close()
        with suppress(PermissionError):
            path.unlink(missing_ok=True)
    finally:
        stream.close()
