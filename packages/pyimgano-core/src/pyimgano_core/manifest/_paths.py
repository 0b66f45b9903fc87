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


def resolve(record: Record, manifest_dir: Path, root: Path | None = None) -> Sample:
    r"""Find the files of `record`; both slashes separate, and repeated ones count once.

    Args:
        record: one line of a manifest.
        manifest_dir: the manifest's folder, absolute.
        root: the folder where a relative path is looked for next, absolute.

    Returns:
        The sample. A file that is in neither folder keeps its place in the manifest's folder.
    """
    return Sample(
        record=record,
        image=_locate(record.image_path, manifest_dir, root),
        mask=None if record.mask_path is None else _locate(record.mask_path, manifest_dir, root),
    )


def _locate(text: str, manifest_dir: Path, root: Path | None) -> str:
    relative = text if _is_plain(text) else _SEPARATORS.sub("/", text)
    beside_manifest = _join(manifest_dir, relative)
    if root is None or os.path.exists(beside_manifest):  # noqa: PTH110 - of text, for speed
        return beside_manifest
    below_root = _join(root, relative)
    return below_root if os.path.exists(below_root) else beside_manifest  # noqa: PTH110 - of text, for speed


def _join(folder: Path, relative: str) -> str:
    """Return `str(folder / relative)`, without the cost of a path where its spelling would not change."""
    if _HAS_SLASHES and _is_plain(relative):
        return f"{folder}/{relative}" if folder.name else str(folder / relative)
    return str(folder / relative)  # an absolute path stays as it is


def _is_plain(text: str) -> bool:
    """Return whether `text` is surely relative, with single slashes and no folder `.`."""
    return not ("\\" in text or "./" in text or "//" in text or text[0] in "/." or text[-1] in "/.")
