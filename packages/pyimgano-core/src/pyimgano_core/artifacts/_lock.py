"""A lock on a file; the system releases it when its holder ends, however it ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
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
