"""The lock file: what every file of a data set held when it was good, to be held against it later.

The first line is an artifact with kind and version; each other line is one file with `path`, `sha256` and
`size`, sorted by path. Paths are those of the records, so the data set can move; the same data give the same
bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from attrs import define, field

from pyimgano_core.artifacts import parse_json
from pyimgano_core.errors import ArtifactError
from pyimgano_core.words import number_of
from pyimgano_preflight._line_files import open_ours, read_ours, structure_header

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINE = 16 * 1024 * 1024
_ADVICE = "write a new one with --write-lock, from data that are known to be good"


@define(frozen=True, kw_only=True)
class LockHeader:
    """The first line of a lock file.

    `entries_sha256` is over the lines that follow, of which there are `file_count`. `content_sha256` names
    the data by its contents, whatever the files are called and however they are split. `split_sha256` has for
    each category the fingerprint that training records as `split_fingerprint`, so that a run finds its lock.
    """

    KIND: ClassVar[str] = "pyimgano.data_lock"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.data_lock"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    pyimgano_version: str
    file_count: int
    entries_sha256: str
    content_sha256: str
    split_sha256: dict[str, str] = field(factory=dict)


@define(frozen=True, kw_only=True)
class LockedFile:
    """One file as it was: each line of a lock file but the first.

    Attributes:
        path: the file as the records name it, with slashes.
        sha256: its content, in hexadecimal.
        size: its size in bytes.
    """

    path: str
    sha256: str
    size: int


@define(frozen=True, kw_only=True)
class Lock:
    """A lock file that was found whole; its files are read from it again when they are asked for."""

    source: Path
    header: LockHeader


def read_lock_header(path: Path) -> LockHeader:
    """Return the first line of a lock file; the others are not looked at.

    Raises:
        ArtifactError: it is missing, no lock file, or of a newer version.
    """
    with open_ours(path, "lock file") as stream:
        return _header(path, next(read_ours(path, stream, _MAX_LINE, "lock file"), b""))


def read_lock(path: Path) -> Lock:
    """Return the lock file at `path`, once every line of it was found to be as it was written.

    Raises:
        ArtifactError: it is missing, torn, edited, no lock file, or of a newer version.
    """
    with open_ours(path, "lock file") as stream:
        lines = read_ours(path, stream, _MAX_LINE, "lock file")
        header = _header(path, next(lines, b""))
        count = 0
        digest = hashlib.sha256()
        for line in lines:
            count += 1
            digest.update(line + b"\n")
    if count != header.file_count:
        raise ArtifactError(
            f"{path}: holds {count} of {number_of(header.file_count, 'file')}, it is torn; {_ADVICE}"
        )
    if digest.hexdigest() != header.entries_sha256:
        raise ArtifactError(f"{path}: its lines are not those that were written; {_ADVICE}")
    return Lock(source=path, header=header)


def locked_files(lock: Lock) -> Iterator[LockedFile]:
    """Yield the files of a lock in the order of their paths.

    Raises:
        ArtifactError: a line is none of a lock file.
    """
    with open_ours(lock.source, "lock file") as stream:
        for number, line in enumerate(read_ours(lock.source, stream, _MAX_LINE, "lock file"), start=1):
            if number > 1:
                yield _entry(lock.source, number, line)


def _header(path: Path, line: bytes) -> LockHeader:
    try:
        document = parse_json(line.decode("utf-8-sig"))
    except ValueError as exc:
        raise ArtifactError(f"{path}: is no lock file: line 1: {exc}") from exc
    return structure_header(path, document, LockHeader, "a lock file: give one that --write-lock wrote")


def _entry(path: Path, number: int, line: bytes) -> LockedFile:
    try:
        document = parse_json(line.decode())
    except ValueError as exc:
        raise ArtifactError(f"{path}:{number}: {exc}; {_ADVICE}") from exc
    match document:
        case {"path": str(name), "sha256": str(sha256), "size": int(size)}:
            return LockedFile(path=name, sha256=sha256, size=size)
    raise ArtifactError(f"{path}:{number}: is no file of a lock; {_ADVICE}")
