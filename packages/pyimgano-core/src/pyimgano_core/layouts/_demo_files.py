"""The files of the demo data set: its images, its masks and its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.layouts._demo_images import CATEGORIES, Category, Part, draw_parts
from pyimgano_core.manifest import write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_TRAIN_NORMALS = 40
_TEST_NORMALS = 12
_TEST_ANOMALIES = 16


def write_files(folder: Path, manifest: Path, seed: int) -> None:
    """Draw all images and masks into `folder`, and write the `manifest` of them.

    Raises:
        OSError: something can't be written.
    """
    records: list[Record] = []
    for index, category in enumerate(CATEGORIES):
        for side, parts in enumerate(_parts(category)):
            for part, image, mask in draw_parts(category, parts, (seed, index, side)):
                records.append(_write(folder, category, part, image, mask))
    write_manifest(manifest, records)


def _parts(category: Category) -> list[list[Part]]:
    kinds = list(category.defects)
    return [
        [Part(split="train", defect=None, number=number) for number in range(_TRAIN_NORMALS)],
        [Part(split="test", defect=None, number=number) for number in range(_TEST_NORMALS)],
        [
            Part(split="test", defect=kinds[number % len(kinds)], number=number // len(kinds))
            for number in range(_TEST_ANOMALIES)
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
