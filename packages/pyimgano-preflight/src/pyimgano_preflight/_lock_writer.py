"""Writes the lock file of a data set."""

from __future__ import annotations

import hashlib
import os
import posixpath
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.artifacts import atomic_writer, to_json
from pyimgano_core.contracts.record import Sample
from pyimgano_core.duplicates import contents_sha256, fingerprint
from pyimgano_core.errors import ArtifactError, DataError, UsageError
from pyimgano_core.words import number_of
from pyimgano_preflight._lock import LockedFile, LockHeader, read_lock_header
from pyimgano_preflight.facts import FileFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_preflight._inspection import Inspection


@define(frozen=True, kw_only=True)
class DataFile:
    """One file that the data set uses: its path in a lock, and the sample and field that first name it."""

    name: str
    sample: Sample
    field: str
    facts: FileFacts


def data_files(inspection: Inspection) -> Iterator[DataFile]:
    """Yield every image and mask of the data set once, in the order of the samples."""
    folder = next(iter(reversed(inspection.folders)), None)
    seen: set[str] = set()
    for sample in inspection.prepared.samples:
        record, facts = sample.record, inspection.facts
        for role, text, known in (
            ("image_path", record.image_path, facts.image(sample)),
            ("mask_path", record.mask_path, facts.mask(sample)),
        ):
            if text is not None and known is not None:
                name = _name(text, folder)
                if name not in seen:
                    seen.add(name)
                    yield DataFile(name=name, sample=sample, field=role, facts=known)


def write_lock(path: Path, inspection: Inspection) -> LockHeader:
    """Write the lock file of a data set, whole or not at all.

    Args:
        path: the file; a lock file that is there is replaced.
        inspection: with the bytes of all files read.

    Raises:
        UsageError: hashes were not taken, or `path` is there and is no lock file.
        DataError: files can't be read; a lock that leaves them out would vouch for too little.
    """
    if inspection.facts.depth == "quick":
        raise UsageError("a lock file needs the bytes of all files: use the profile standard or deep")
    _require_no_other_file(path)
    files = sorted(_hashed_files(path, inspection), key=lambda file: file.path)
    splits = [category.split for category in inspection.prepared.categories]
    header = LockHeader(
        pyimgano_version=version("pyimgano-preflight"),
        file_count=len(files),
        entries_sha256=_digest(files),
        content_sha256=contents_sha256(file.sha256 for file in files),
        split_sha256={
            split.category: fingerprint(split, inspection.prepared.hashes).sha256 for split in splits
        },
    )
    with atomic_writer(path) as stream:
        stream.write(to_json(header).encode() + b"\n")
        stream.writelines(_lines(files))
    return header


def _name(text: str, folder: Path | None) -> str:
    """Return a path as it stands in a lock: with slashes, and relative where it lies in the data set."""
    path = text.replace("\\", "/")
    if folder is not None and Path(path).is_relative_to(folder.absolute()):
        path = Path(path).relative_to(folder.absolute()).as_posix()
    return posixpath.normpath(path)


def _hashed_files(path: Path, inspection: Inspection) -> Iterator[LockedFile]:
    unread = []
    for file in data_files(inspection):
        if file.facts.sha256 is None or file.facts.size is None:
            unread.append(file.name)
        else:
            yield LockedFile(path=file.name, sha256=file.facts.sha256, size=file.facts.size)
    if unread:
        files = number_of(len(unread), "file")
        message = f"{path}: not written, for {files} can't be read, such as {unread[0]!r}; mend that first"
        raise DataError(message)


def _require_no_other_file(path: Path) -> None:
    if not os.path.lexists(path):
        return
    try:
        read_lock_header(path)
    except ArtifactError as exc:
        raise UsageError(f"{path}: is there and is no lock file, so it is kept; give another name") from exc


def _digest(files: Sequence[LockedFile]) -> str:
    digest = hashlib.sha256()
    for line in _lines(files):
        digest.update(line)
    return digest.hexdigest()


def _lines(files: Sequence[LockedFile]) -> Iterator[bytes]:
    return (to_json(file).encode() + b"\n" for file in files)
