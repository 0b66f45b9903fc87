"""The data set held against a lock file: the one check that sees bit rot in a JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import number_of
from pyimgano_preflight._lock import locked_files
from pyimgano_preflight._lock_writer import data_files
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight._lock import Lock, LockedFile
    from pyimgano_preflight._lock_writer import DataFile

_ALL_CATEGORIES = "all"


def lock_issues(inspection: Inspection, lock: Lock) -> Iterator[Issue]:
    """Yield the files that differ from the lock, that are missing, and that it does not know.

    Without hashes, in the profile quick, sizes alone are compared. Of one category alone it can't be told
    which files are missing. A file that can't be read is told by the rules on files.

    Raises:
        ArtifactError: the lock file changed since it was read.
    """
    unlisted = {file.name: file for file in data_files(inspection)}
    is_whole = inspection.config.dataset.category == _ALL_CATEGORIES
    for locked in locked_files(lock):
        file = unlisted.pop(locked.path, None)
        if file is not None:
            yield from _compare(file, locked)
        elif is_whole:
            message = f"{locked.path}: is in the lock, and no record names it: bring it back"
            yield rule_issue("PF410", message, paths=(locked.path,))
    for file in unlisted.values():
        message = "is not in the lock: nobody has vouched for it"
        yield sample_issue("PF411", file.sample, message, field=file.field)
    yield from _not_looked_at(inspection)


def _not_looked_at(inspection: Inspection) -> Iterator[Issue]:
    category = inspection.config.dataset.category
    if inspection.facts.depth == "quick":
        message = (
            "the lock was held against the sizes of files alone: use the profile standard for their bytes"
        )
        yield rule_issue("PF902", message)
    if category != _ALL_CATEGORIES:
        message = f"only category {category!r} was held against the lock, so no file could be found missing"
        yield rule_issue("PF902", f"{message}: check all categories for that")


def _compare(file: DataFile, locked: LockedFile) -> Iterator[Issue]:
    facts = file.facts
    fault = None if facts.error is None else facts.error.code
    size = 0 if fault == "empty_file" else facts.size
    if fault == "not_found":
        message = "is in the lock, and does not exist: bring it back"
        yield sample_issue("PF410", file.sample, message, field=file.field)
    elif size is not None and size != locked.size:
        message = (
            f"has {number_of(size, 'byte')}, and the lock says {locked.size}: copy it again from its source"
        )
        yield _mismatch(file, locked, size, message)
    elif facts.sha256 is not None and facts.sha256 != locked.sha256:
        message = "has other content than the lock says, at the same size: copy it again from its source"
        yield _mismatch(file, locked, size, message)


def _mismatch(file: DataFile, locked: LockedFile, size: int | None, message: str) -> Issue:
    data = {
        "size": size,
        "locked_size": locked.size,
        "sha256": file.facts.sha256,
        "locked_sha256": locked.sha256,
    }
    return sample_issue("PF402", file.sample, message, field=file.field, data=data)
