"""The images below an address that ends with `/`, or that match an address with `*`, one folder at a time.

Folders are listed one by one and sorted by name, so the memory is that of the largest one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.image_file import RemoteFile, cut_address
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.errors import ImageError
from pyimgano_core.images import is_hidden, is_image
from pyimgano_core.images.remote import open_storage, storage_errors
from pyimgano_infer._inputs import LEFT_OUT, Input

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

_CHAIN = "::"
_DEEPEST = 100  # folders below each other; a server may show a loop
_ANY_DEPTH = "**"


@define(frozen=True, kw_only=True)
class _Search:
    """What is looked for: paths that match `pattern` below the folder `start`; empty takes all.

    An address is `before`, the path, and `behind`.
    """

    before: str
    start: str
    pattern: tuple[str, ...]
    behind: str

    def file(self, parts: Sequence[str]) -> RemoteFile:
        """Return what lies at `parts` below the start."""
        return RemoteFile(self.before + self.start + "/".join(parts) + self.behind)

    def folder(self, parts: Sequence[str]) -> RemoteFile:
        """Return the folder at `parts` below the start, or the start itself."""
        return self.file((*parts, "")) if parts else self.file(())


def find_images(address: str, notices: Counter[str]) -> Iterator[Input]:
    """Yield the images that an address with `*` or a last `/` stands for, in the order of their names.

    `*` is any piece of a name and `**` any number of folders; all other characters are as they are. A folder
    that matches is searched. A folder that can't be listed is a failure among the others.

    Args:
        address: ends with `/`, or holds `*`.
        notices: counts what is left out.
    """
    before, path, behind = cut_address(address)
    *folders, last = path.split("/")  # of a folder, nothing is last
    fixed = next((place for place, name in enumerate(folders) if "*" in name), len(folders))
    search = _Search(
        before=before,
        start="".join(f"{name}/" for name in folders[:fixed]),
        pattern=tuple(filter(None, [*folders[fixed:], last])),
        behind=behind,
    )
    yield from _below(search, (), notices)


def _below(search: _Search, parts: tuple[str, ...], notices: Counter[str]) -> Iterator[Input]:
    folder = search.folder(parts)
    try:
        names = _list(folder, len(parts))
    except ImageError as exc:
        yield _failed(folder, exc)
        return
    for name, is_folder in names:
        below = (*parts, name)
        if _CHAIN in name:  # joined to the address, it would lead to somewhere else
            message = f"holds {name!r}, which can't be read: {_CHAIN} joins addresses"
            yield _failed(folder, ImageError("unsafe_name", folder, message))
        elif is_hidden(name):
            notices[LEFT_OUT] += 1
        elif is_folder:
            if _may_match(below, search.pattern):
                yield from _below(search, below, notices)
        elif _matches(below, search.pattern):
            if is_image(name):
                yield _input(search.file(below))
            else:
                notices[LEFT_OUT] += 1


def _input(file: RemoteFile) -> Input:
    return Input(text=str(file), path=file)


def _failed(folder: RemoteFile, error: ImageError) -> Input:
    return evolve(_input(folder), failure=Failure(code=error.code, message=str(error)))


def _list(folder: RemoteFile, depth: int) -> list[tuple[str, bool]]:
    """Return what is in a folder, sorted: names, and whether each is a folder, too."""
    if depth > _DEEPEST:
        raise ImageError("too_deep", folder, f"is more than {_DEEPEST} folders deep: is there a loop?")
    with storage_errors(folder):
        storage, path = open_storage(folder)
        entries = storage.ls(path, detail=True)
    itself = path.rstrip("/")  # some storages list a folder in itself
    found = ((entry["name"].rstrip("/"), entry["type"] == "directory") for entry in entries)
    return sorted((name.rpartition("/")[2], is_folder) for name, is_folder in found if name != itself)


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether a path, or a folder that it is in, matches a pattern."""
    if not pattern:
        return True
    if pattern[0] == _ANY_DEPTH:
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts)))
    return bool(parts) and _fits(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _may_match(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether something in the folder `parts` may match a pattern."""
    if not parts or not pattern or pattern[0] == _ANY_DEPTH:
        return True
    return _fits(parts[0], pattern[0]) and _may_match(parts[1:], pattern[1:])


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, flags=re.DOTALL) is not None
