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


def _locate(text: str, manifest_dir: Path, root: Path | None) -> Path:
    relative = _SEPARATORS.sub("/", text)
    beside_manifest = manifest_dir / relative  # an absolute path stays as it is
    if root is None or _exists(beside_manifest):
        return beside_manifest
    below_root = root / relative
    return below_root if _exists(below_root) else beside_manifest


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # Path.exists raises on names that are too long or forbidden
