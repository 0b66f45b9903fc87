"""One opening and one reading of a file, whatever it turns out to be: a pipe, a loop, a file that changes."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from attrs import define, field

from pyimgano_core.words import number_of
from pyimgano_preflight.facts._contract import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

EDGE = 4096  # bytes at either end of a file, enough for most headers
PIECE = 1 << 20
LARGEST_HELD = 64 << 20  # bytes of a file that is held in memory; a larger one is read in pieces

# A pipe that takes the file's place after it was looked at must not make the opening wait.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_FAULTS = {
    errno.ENOENT: ("not_found", "does not exist"),
    errno.ENOTDIR: ("not_found", "does not exist"),
    errno.ENAMETOOLONG: ("not_found", "does not exist: its name is too long"),
    errno.EACCES: ("not_readable", "may not be read; check its permissions"),
    errno.EPERM: ("not_readable", "may not be read; check its permissions"),
    errno.ELOOP: ("link_loop", "is a symbolic link that leads back to itself"),
}
# By Windows' own numbers; `errno` says EINVAL of both.
_WINDOWS_FAULTS = {
    123: ("not_found", "does not exist: Windows has no such names"),
    1921: _FAULTS[errno.ELOOP],
}


class UnusableFileError(Exception):
    """A file can't be used; `error` says why."""

    def __init__(self, code: str, message: str, number: int | None = None) -> None:
        self.error = FileError(code=code, message=message, errno=number)
        super().__init__(message)


@define
class FileBytes:
    """The bytes of one open regular file: all of them held, or its two ends, and the rest fetched on demand.

    Attributes:
        state: what its folder said of the file before it was opened.
        size: number of bytes.
    """

    descriptor: int
    state: os.stat_result
    size: int = field(init=False)
    _start: bytes = field(init=False)
    _end: bytes = field(init=False, default=b"")

    def __attrs_post_init__(self) -> None:
        self.size = self.state.st_size
        self._start = self._fetch(0, min(EDGE, self.size))

    @property
    def is_held(self) -> bool:
        """Whether all bytes are in memory."""
        return len(self._start) >= self.size

    def hold(self) -> bool:
        """Read all bytes into memory, unless they are too many; return whether they are held."""
        if not self.is_held and self.size <= LARGEST_HELD:
            self._start = self._fetch(0, self.size)  # its first bytes once more, rather than all of it twice
        return self.is_held

    def at(self, offset: int, length: int) -> memoryview:
        """Return up to `length` bytes from `offset` on, fewer at the end of the file.

        Raises:
            UnusableFileError: the file is shorter than it was.
        """
        stop = min(offset + length, self.size)
        if stop <= len(self._start):
            return memoryview(self._start)[offset:stop]
        first = max(0, self.size - EDGE)
        if offset >= first:
            if not self._end:
                self._end = self._fetch(first, EDGE)
            return memoryview(self._end)[offset - first : stop - first]
        return memoryview(self._fetch(offset, max(0, stop - offset)))

    def sha256(self) -> str:
        """Return the SHA-256 of all bytes."""
        if self.is_held:
            return hashlib.sha256(self._start).hexdigest()
        digest = hashlib.sha256()
        for offset in range(0, self.size, PIECE):
            digest.update(self.at(offset, PIECE))
        return digest.hexdigest()

    def stream(self) -> BinaryIO:
        """Return the bytes as a stream, at its beginning."""
        if self.is_held:
            return io.BytesIO(self._start)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return open(self.descriptor, "rb", closefd=False)

    def _fetch(self, offset: int, length: int) -> bytes:
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        pieces = []
        left = length
        while left > 0:
            piece = os.read(self.descriptor, left)
            if not piece:
                raise changed(
                    f"it had {number_of(self.size, 'byte')} and ends after {offset + length - left}"
                )
            pieces.append(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@contextmanager
def open_regular(path: str) -> Iterator[FileBytes]:
    """Open a file that is regular and not empty, and look afterwards whether it is still the same.

    Raises:
        UnusableFileError: it can't be used, the storage failed, or it changed while it was open.
    """
    state = look(path)
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise changed("it vanished") from None
    except OSError as error:
        raise unusable(error) from error
    try:
        yield FileBytes(descriptor, state)
        _require_unchanged(state, os.fstat(descriptor))
    except OSError as error:
        raise unusable(error) from error
    finally:
        os.close(descriptor)


def look(path: str) -> os.stat_result:
    """Return the state of the file at `path`, links followed, without opening it.

    Raises:
        UnusableFileError: there is none, or it is no regular file, or it is empty.
    """
    try:
        state = os.stat(path)  # noqa: PTH116 - as text, for speed
    except ValueError as error:  # a NUL in the path
        raise UnusableFileError("not_found", f"is no path: {error}") from error
    except OSError as error:
        raise unusable(error) from error
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
        raise UnusableFileError("not_regular", f"is {kind}, not a file")
    if state.st_size == 0:
        raise UnusableFileError("empty_file", "is empty (0 bytes); copy it again from its source")
    return state


def unusable(error: OSError) -> UnusableFileError:
    """Return what the storage said of a file: that it is not there, or that the storage itself failed."""
    failed = ("storage_error", f"could not be read: {error.strerror or error}")
    known = _WINDOWS_FAULTS.get(getattr(error, "winerror", None) or 0)
    code, message = known or (failed if error.errno is None else _FAULTS.get(error.errno, failed))
    return UnusableFileError(code, message, error.errno)


def changed(how: str) -> UnusableFileError:
    """Return the error of a file that is not what it was when it was opened."""
    message = f"changed while it was read: {how}; run again when nothing writes to it"
    return UnusableFileError("changed", message)


def _require_unchanged(before: os.stat_result, after: os.stat_result) -> None:
    if before.st_nlink > 0 and after.st_nlink == 0:
        raise changed("it was removed or replaced")
    if before.st_size != after.st_size:
        raise changed(f"it had {number_of(before.st_size, 'byte')} and has {after.st_size}")
    if before.st_mtime_ns != after.st_mtime_ns:
        raise changed("it was written to")
