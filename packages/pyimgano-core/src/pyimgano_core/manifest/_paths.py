"""Where a manifest's paths lead: absolute, else from the manifest's folder, else from the data set's root."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pyimgano_core.contracts.record import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.record import Record

_SEPARATORS = re.compile(r"[\\/]+")
_HAS_SLASHES = os.sep == "/"


class Places:
    """The folders that relative paths start from; both slashes separate, and repeated ones count once."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        """Take the manifest's folder, and the one where a file is looked for next."""
        self._folder = folder
        self._root = root
        self._prefixes: dict[tuple[str, bool], str | None] = {}
        self.has_root = root is not None

    def is_below_root(self, path: str) -> bool:
        """Return whether a file is found from the root alone; one that is in neither is in the folder."""
        if self._root is None:
            return False
        relative = _with_slashes(path)
        if os.path.exists(_join(self._folder, relative)):  # noqa: PTH110 - of text, for speed
            return False
        return os.path.exists(_join(self._root, relative))  # noqa: PTH110 - of text, for speed

    def file(self, folder: str, name: str, *, below_root: bool) -> str:
        """Return where the file of a path lies.

        Args:
            folder: the path up to its last slash, which is part of it; empty where there is none.
            name: the rest of the path.
            below_root: what `is_below_root` said of the path.
        """
        key = (folder, below_root)
        if key not in self._prefixes:
            self._prefixes[key] = self._prefix(folder, below_root=below_root)
        prefix = self._prefixes[key]
        if prefix is not None and name and not ("\\" in name or name[0] == "." or name[-1] in "/."):
            return prefix + name
        return _join(self._start(below_root=below_root), _with_slashes(folder + name))

    def _prefix(self, folder: str, *, below_root: bool) -> str | None:
        """Return what stands before plain names, or None where it depends on the name."""
        if not _HAS_SLASHES or not _is_plain(f"{folder}x"):
            return None
        return _join(self._start(below_root=below_root), f"{folder}x")[:-1]

    def _start(self, *, below_root: bool) -> Path:
        return self._root if below_root and self._root is not None else self._folder


def resolve(record: Record, manifest_dir: Path, root: Path | None = None) -> Sample:
    r"""Find the files of `record`; both slashes separate, and repeated ones count once.

    Args:
        record: one line of a manifest.
        manifest_dir: the manifest's folder.
        root: the folder where a relative path is looked for next.

    Returns:
        The sample; its files are absolute where the folders are. A file that is in neither folder keeps its
        place in the manifest's folder.
    """
    places = Places(manifest_dir, root)

    def locate(path: str) -> str:
        return places.file(*cut_path(path), below_root=places.is_below_root(path))

    mask = None if record.mask_path is None else locate(record.mask_path)
    return Sample(record=record, image=locate(record.image_path), mask=mask)


def cut_path(path: str) -> tuple[str, str]:
    """Return the folders of a path as written, with the last slash, and the name behind them."""
    cut = path.rfind("/") + 1
    return path[:cut], path[cut:]


def _with_slashes(text: str) -> str:
    return text if _is_plain(text) else _SEPARATORS.sub("/", text)


def _join(folder: Path, relative: str) -> str:
    """Return `str(folder / relative)`, without the cost of a path where its spelling would not change."""
    if _HAS_SLASHES and _is_plain(relative):
        return f"{folder}/{relative}" if folder.name else str(folder / relative)
    return str(folder / relative)  # an absolute path stays as it is


def _is_plain(text: str) -> bool:
    """Return whether `text` is surely relative, with single slashes and no folder `.`."""
    return not ("\\" in text or "./" in text or "//" in text or text[0] in "/." or text[-1] in "/.")
