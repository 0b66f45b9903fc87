"""Which images lie below a folder now, and in which state their files are."""

from __future__ import annotations

import os
import stat

from attrs import define

from pyimgano_core.images import IMAGE_EXTENSIONS, is_hidden

State = tuple[int, int]  # size in bytes, time of the last change in nanoseconds; plain, for there are many

_TEMPORARY = (".tmp.", ".part.")


@define(frozen=True, kw_only=True)
class Found:
    """What a look into a folder found.

    Attributes:
        files: the state of each image, by its path.
        unlisted: the folders that could not be looked into, and why.
    """

    files: dict[str, State]
    unlisted: dict[str, str]


def scan_folder(folder: str) -> Found:
    """Look for images in a folder and below; links to folders are followed, but never round a loop.

    Hidden and temporary names are left out: `.a.png`, `lost+found`, `~a.png`, `a.tmp.png`, `a.part.png`, and
    those that are no image's by their ending, as `a.png.tmp`.
    """
    found = Found(files={}, unlisted={})
    _scan(folder, frozenset(), found)
    return found


def state_of(path: str) -> State | None:
    """Return the state of a file, None where there is none."""
    try:
        state = os.stat(path)  # noqa: PTH116 - as below
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def is_below(path: str, folder: str) -> bool:
    """Return whether a path, as it is written, is that of a file below a folder."""
    return path.startswith(os.path.join(folder, ""))  # noqa: PTH118 - as below


def _scan(folder: str, above: frozenset[tuple[int, int]], found: Found) -> None:
    try:
        state = os.stat(folder)  # noqa: PTH116 - objects of Path would cost more than all else
        identity = (state.st_dev, state.st_ino)
        if identity in above:
            return
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if _is_folder(entry, found.files)]
    except OSError as exc:
        if not (above and isinstance(exc, FileNotFoundError)):  # a folder below may well be removed
            found.unlisted[folder] = exc.strerror or str(exc)
        return
    for path in below:
        _scan(path, above | {identity}, found)


def _is_folder(entry: os.DirEntry[str], files: dict[str, State]) -> bool:
    """Return whether an entry is a folder to look into; an image is noted."""
    name = entry.name.lower()
    if is_hidden(name) or name.startswith("~"):
        return False
    try:
        if not name.endswith(IMAGE_EXTENSIONS):
            return entry.is_dir()
        state = entry.stat()
    except OSError:  # it vanished, or is a link to nothing
        return False
    if stat.S_ISDIR(state.st_mode):
        return True
    if not any(mark in name for mark in _TEMPORARY):
        files[entry.path] = (state.st_size, state.st_mtime_ns)
    return False
