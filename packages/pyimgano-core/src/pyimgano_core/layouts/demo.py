"""The built-in demo data set: four kinds of texture and part, drawn on the spot, with exact masks.

Light, camera noise, position and shade vary from image to image more than a defect changes the whole image,
so neither its mean brightness nor its difference from the mean image tells good from bad. The folders are
those of MVTec AD, with a manifest beside them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.errors import MachineError, UsageError
from pyimgano_core.layouts._demo_images import CATEGORIES, Category, Part, draw_parts
from pyimgano_core.manifest import write_manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = "demo-v1"
MANIFEST_NAME = "manifest.jsonl"
TRAIN_NORMALS = 40
TEST_NORMALS = 12
TEST_ANOMALIES = 16

_MARKER = "demo-version.txt"


def demo_root() -> Path:
    """Return where the demo lies unless told otherwise.

    That is `$PYIMGANO_CACHE`, or `pyimgano` in the user's cache folder, and there a folder with the version.
    """
    own = os.environ.get("PYIMGANO_CACHE")
    return (Path(own) if own else _user_cache() / "pyimgano") / VERSION


def write_demo(folder: Path, seed: int = 0) -> Path:
    """Draw the demo data set into `folder`, unless the same is there already.

    It is drawn beside `folder` and renamed when it is whole, so an interrupted run leaves no half of it.

    Args:
        folder: where it goes; absent or empty, or what an earlier call wrote.
        seed: the same seed gives the same pixels.

    Returns:
        `folder`, which holds `manifest.jsonl`.

    Raises:
        UsageError: the folder holds something else.
        MachineError: it can't be written.
    """
    marker = f"{VERSION} seed {seed}\n"
    if _is_finished(folder, marker):
        return folder
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder}: holds something else than this demo; remove it or choose another folder"
            )
        partial.mkdir(parents=True)
        _write_all(partial, seed)
        (partial / _MARKER).write_text(marker, encoding="utf-8")
        _move(partial, folder, marker)
    except OSError as error:
        reason = error.strerror or error
        raise MachineError(f"{folder}: can't be written ({reason}); PYIMGANO_CACHE names another") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _is_finished(folder: Path, marker: str) -> bool:
    try:
        return (folder / _MARKER).read_text(encoding="utf-8") == marker
    except (OSError, UnicodeDecodeError):
        return False


def _move(partial: Path, folder: Path, marker: str) -> None:
    try:
        if folder.exists():
            folder.rmdir()
        partial.replace(folder)
    except OSError:
        if not _is_finished(folder, marker):  # else another process was faster, with the same result
            raise


def _write_all(folder: Path, seed: int) -> None:
    records: list[Record] = []
    for index, category in enumerate(CATEGORIES):
        for side, parts in enumerate(_parts(category)):
            for part, image, mask in draw_parts(category, parts, (seed, index, side)):
                records.append(_write(folder, category, part, image, mask))
    write_manifest(folder / MANIFEST_NAME, records)


def _parts(category: Category) -> list[list[Part]]:
    kinds = list(category.defects)
    return [
        [Part(split="train", defect=None, number=number) for number in range(TRAIN_NORMALS)],
        [Part(split="test", defect=None, number=number) for number in range(TEST_NORMALS)],
        [
            Part(split="test", defect=kinds[number % len(kinds)], number=number // len(kinds))
            for number in range(TEST_ANOMALIES)
        ],
    ]


def _write(
    folder: Path, category: Category, part: Part, image: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> Record:
    """Write the image of a part, and its mask where it has a defect."""
    image_path = f"{category.name}/{part.split}/{part.defect or 'good'}/{part.number:03d}.png"
    mask_path = None
    _save(image, folder / image_path)
    if part.defect is not None:
        mask_path = f"{category.name}/ground_truth/{part.defect}/{part.number:03d}_mask.png"
        _save(mask, folder / mask_path)
    return Record(
        image_path=image_path,
        category=category.name,
        split=part.split,
        label=NORMAL if part.defect is None else ANOMALOUS,
        mask_path=mask_path,
        defect=part.defect,
    )


def _save(pixels: NDArray[np.uint8] | NDArray[np.bool_], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
