"""Facts that an earlier run gathered: a file whose size and time of change are the same costs a stat.

One whose time alone is another, as each file's is after a checkout, costs its SHA-256.

The cache is a SQLite database. It is a convenience: one that is torn, locked, of another version or no cache
at all is left alone, with a notice, and the files are read.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import PIL
from attrs import evolve

from pyimgano_core.images import FULL_RANGE
from pyimgano_preflight.facts._bytes import UnusableFileError, look
from pyimgano_preflight.facts._cache_file import connect
from pyimgano_preflight.facts._contract import FileFacts
from pyimgano_preflight.facts._plain import FACTS_VERSION, from_plain, to_plain
from pyimgano_preflight.facts._read import of_state, read_facts, read_picture

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from pyimgano_preflight.facts._contract import Depth, FileRole

_FIND = "SELECT size, mtime_ns, depth, version, checksum, facts FROM facts WHERE path = ? AND role = ?"
_STORE = "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = 512
_DEPTHS = ("quick", "standard", "deep")
_PICTURE = "picture"  # stands where the role of a file does
_OF_THE_STAT = ("path", "size", "mtime_ns", "inode")
_PASSING = frozenset({"storage_error", "changed"})
# A file that changes twice within a tick of its file system's clock keeps its time: a fresh one is not kept.
_FRESH_NS = 2_000_000_000


class FactCache:
    """The facts of files as they were; a context manager, which writes what is left to write at its end.

    Attributes:
        notice: why it can't be read or written, if so.
    """

    def __init__(self, path: Path, sixteen_bit_range: tuple[int, int] = FULL_RANGE) -> None:
        """Open the cache at `path`; it is created where there is none.

        Args:
            path: the file.
            sixteen_bit_range: as in `read_facts`; facts of another range are not used.
        """
        black, white = sixteen_bit_range
        self.notice: str | None = None
        self._path = path
        self._version = f"{FACTS_VERSION} {PIL.__version__} {black}-{white}"
        self._lock = threading.Lock()
        self._rows: dict[tuple[bytes, str], tuple[Any, ...]] = {}  # not written yet
        self._is_writable = True
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = connect(path)
        except (sqlite3.Error, ValueError) as exc:
            self._give_up(exc)

    def __enter__(self) -> Self:
        """Return the cache."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left to write, whatever ended the block, and close the file."""
        with self._lock:
            self._write()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, path: str, role: FileRole, depth: Depth, state: os.stat_result) -> FileFacts | None:
        """Return the facts of an unchanged file, None where they must be read.

        Args:
            path: the file.
            role: what it is used as.
            depth: how far it must have been looked into; what a deeper look added is left out.
            state: the file as it is now.
        """
        row = self._find(path, role, state.st_size, state.st_mtime_ns)
        return None if row is None else _as_now(row, path, depth, state)

    def get_earlier(self, path: str, role: FileRole, depth: Depth, state: os.stat_result) -> FileFacts | None:
        """Return what a file of the same size was at another time; `renew` it if its bytes are the same.

        Args:
            path: the file.
            role: what it is used as.
            depth: as in `get`; a `quick` look costs less than all bytes, so it finds nothing here.
            state: the file as it is now.
        """
        row = self._fetch(path, role)
        if row is None:
            return None
        found = self._find(path, role, state.st_size, row[1])
        facts = None if found is None else _as_now(found, path, depth, state)
        return None if facts is None or facts.sha256 is None else evolve(facts, mtime_ns=row[1])

    def renew(self, earlier: FileFacts, facts: FileFacts, role: FileRole) -> None:
        """Let what is known of a file, and its small picture, hold for it as it is now.

        Args:
            earlier: from `get_earlier`.
            facts: of the same bytes, with the time of change that they have now.
            role: what the file is used as.
        """
        before, now = earlier.mtime_ns, facts.mtime_ns
        if earlier.size is None or before is None or now is None or time.time_ns() - now < _FRESH_NS:
            return
        for kind in (role, _PICTURE):
            row = self._find(earlier.path, kind, earlier.size, before)
            if row is not None:
                self._add(earlier.path, kind, (earlier.size, now), *row)

    def put(self, facts: FileFacts, role: FileRole, depth: Depth) -> None:
        """Remember facts that were read just now, unless they say nothing lasting."""
        if facts.size is None or facts.mtime_ns is None or time.time_ns() - facts.mtime_ns < _FRESH_NS:
            return
        if facts.error is not None and facts.error.code in _PASSING:
            return
        if depth == "quick" and self._may_be_of(facts, role):
            return
        plain = {name: value for name, value in to_plain(facts).items() if name not in _OF_THE_STAT}
        self._add(facts.path, role, (facts.size, facts.mtime_ns), depth, json.dumps(plain))

    def get_picture(self, path: str, state: os.stat_result) -> NDArray[np.int16] | None:
        """Return the small picture of an unchanged image, None where it must be read."""
        row = self._find(path, _PICTURE, state.st_size, state.st_mtime_ns)
        return None if row is None else np.frombuffer(bytes.fromhex(row[1]), "<i2").astype(np.int16)

    def put_picture(self, path: str, state: os.stat_result, picture: NDArray[np.int16]) -> None:
        """Remember a small picture that was read after the file was seen in this `state`."""
        if time.time_ns() - state.st_mtime_ns >= _FRESH_NS:
            text = picture.astype("<i2").tobytes().hex()
            self._add(path, _PICTURE, (state.st_size, state.st_mtime_ns), "deep", text)

    def _may_be_of(self, facts: FileFacts, role: FileRole) -> bool:
        """Return whether a deeper look at a file of this size is kept, whose bytes may be the same."""
        row = self._fetch(facts.path, role)
        return row is not None and row[0] == facts.size and row[2] != "quick" and row[3] == self._version

    def _add(self, path: str, role: str, state: tuple[int, int], depth: Depth, text: str) -> None:
        checksum = _checksum(path, role, depth, text)
        with self._lock:
            self._rows[os.fsencode(path), role] = (*state, depth, self._version, checksum, text)
            if len(self._rows) >= _BATCH:
                self._write()

    def _find(self, path: str, role: str, size: int, mtime_ns: int) -> tuple[Depth, str] | None:
        """Return depth and text of what is known of a file of this size and time of change."""
        row = self._fetch(path, role)
        if row is None:
            return None
        *state, depth, version, checksum, text = row
        if (*state, version) != (size, mtime_ns, self._version):
            return None
        return (depth, text) if _checksum(path, role, depth, text) == checksum else None

    def _fetch(self, path: str, role: str) -> tuple[Any, ...] | None:
        with self._lock:
            key = os.fsencode(path), role
            if self._connection is None or key in self._rows:
                return self._rows.get(key)
            try:
                with closing(self._connection.execute(_FIND, key)) as found:
                    row: tuple[Any, ...] | None = found.fetchone()
            except sqlite3.Error as exc:
                self._give_up(exc)
                return None
            return row

    def _write(self) -> None:
        rows, self._rows = self._rows, {}
        if self._connection is None or not self._is_writable or not rows:
            return
        try:
            with self._connection:
                self._connection.executemany(_STORE, (key + row for key, row in rows.items()))
        except sqlite3.Error as exc:
            self._is_writable = False
            self.notice = f"{self._path}: can't be written, facts are not kept: {exc}"

    def _give_up(self, error: Exception) -> None:
        self.notice = f"{self._path}: can't be used as cache, all files are read: {error}"
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def cached_facts(
    cache: FactCache, path: str, role: FileRole, depth: Depth, sixteen_bit_range: tuple[int, int]
) -> FileFacts:
    """Return what `read_facts` does, from the cache where the file is as it was."""
    try:
        state = look(path)
    except UnusableFileError as unusable:
        return FileFacts(path=path, error=unusable.error)
    known = cache.get(path, role, depth, state)
    if known is not None:
        return known
    earlier = cache.get_earlier(path, role, depth, state)
    facts = read_facts(path, role, depth, sixteen_bit_range, earlier)
    if earlier is not None and facts.sha256 == earlier.sha256:
        cache.renew(earlier, facts, role)
    else:
        cache.put(facts, role, depth)
    return facts


def cached_picture(
    cache: FactCache, path: str, sixteen_bit_range: tuple[int, int]
) -> NDArray[np.int16] | None:
    """Return what `read_picture` does, from the cache where the file is as it was."""
    try:
        state = look(path)
    except UnusableFileError:
        return None
    known = cache.get_picture(path, state)
    if known is None:
        known = read_picture(path, sixteen_bit_range)
        if known is not None:
            cache.put_picture(path, state, known)
    return known


def _checksum(path: str, role: str, depth: object, text: object) -> int:
    """Return what a row must hold for its bits to be those that were written."""
    return zlib.crc32(os.fsencode(path) + f"\0{role}\0{depth}\0{text}".encode())


def _as_now(row: tuple[Depth, str], path: str, depth: Depth, state: os.stat_result) -> FileFacts | None:
    """Return what a row tells of a file in this state, None where it does not reach the depth."""
    known_depth, text = row
    if _DEPTHS.index(known_depth) < _DEPTHS.index(depth):
        return None
    facts = from_plain({"path": path, **json.loads(text)})
    if known_depth != depth and (facts.error is not None or _is_cut(facts)):
        return None  # a shallower look may not come as far as the fault, or go by the header alone
    known = of_state(facts, state)
    return known if known_depth == depth else _shallower(known, depth)


def _is_cut(facts: FileFacts) -> bool:
    """Return whether a file misses its end, as a mask may that is decoded all the same."""
    return facts.header is not None and facts.header.is_complete is False


def _shallower(facts: FileFacts, depth: Depth) -> FileFacts:
    """Return the facts of a sound file as a less deep look would have given them."""
    if depth == "standard":
        return evolve(facts, pixels=None)
    return evolve(facts, pixels=None, sha256=None, checksums_hold=None, mask=None)
