"""Where a fault is, as code hosts want to hear it: relative to the folder that the command runs in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from pyimgano_core.artifacts import relative_path

if TYPE_CHECKING:
    from collections.abc import Iterable


def path_from_here(path: Path | str) -> str:
    """Return the path from the current folder with slashes, or as it is where it lies outside."""
    relative = relative_path(path)
    inside = relative.split(os.sep, 1)[0] != os.pardir
    return Path(relative if inside else os.path.normpath(Path.cwd() / path)).as_posix()


def artifact_uri(path: Path | str) -> str:
    """Return the path as a URI reference (RFC 3986): relative in the current folder, else `file://…`."""
    text = path_from_here(path)
    if not Path(text).is_absolute():
        return quote_from_bytes(_bytes(text))
    drive, below = os.path.splitdrive(text)  # of Windows: C: or //server/share
    host = drive if drive.startswith("//") else f"///{drive}" if drive else "//"
    return f"file:{host}{quote_from_bytes(_bytes(below))}"


def find_file(written: str, folders: Iterable[Path]) -> Path:
    """Return the file that a record's path means: in the first folder that holds it, else in the first."""
    candidates = [folder / written.replace("\\", "/") for folder in folders] or [Path(written)]
    return next((path for path in candidates if os.path.lexists(path)), candidates[0])


def _bytes(text: str) -> bytes:
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:  # a lone surrogate from JSON, which no file name can hold
        return text.encode("utf-8", "backslashreplace")
