"""What the folders of images say: which kind of part, which split, normal or which defect, and whose mask.

- `train`, `val` and `test` are splits, and the folders in them are kinds of images.
- Where one of several folders is called `good`, `ok` or `normal`, all of them are kinds: that one is normal,
  the others are defects.
- A folder that is called `ground_truth` or `masks` holds masks, under the names of its neighbours: that of
  `scratch/1.png` is `masks/scratch/1.png` or `masks/scratch/1_mask.png`.
- All other folders are categories; images that lie in none of them are of one that is called as the whole is.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Split
from pyimgano_core.errors import MachineError
from pyimgano_core.images import is_image

if TYPE_CHECKING:
    from collections.abc import Iterator

NORMAL_NAMES = frozenset({"good", "ok", "normal"})
MASK_NAMES = frozenset({"ground_truth", "mask", "masks"})
_PLAIN_DEFECTS = frozenset({"anomaly", "anomalous", "bad", "defect", "defects", "ko"})
_SPLITS: dict[str, Split] = {"train": "train", "val": "val", "test": "test"}


@define(frozen=True, kw_only=True)
class Place:
    """What an image's folders say; `kind` is None where none of them names a kind."""

    category: tuple[str, ...] = ()
    split: Split | None = None
    kind: str | None = None
    is_mask: bool = False


@define(frozen=True, kw_only=True)
class Found:
    """What a folder holds.

    Attributes:
        records: of its images, with paths relative to it, in the order of their names.
        lone_masks: masks of no image.
        others: files that are no images.
    """

    records: tuple[Record, ...]
    lone_masks: tuple[str, ...]
    others: tuple[str, ...]


def find_records(root: Path) -> Found:
    """Return what a folder holds, and in its folders, as their names tell.

    Args:
        root: the folder.

    Raises:
        MachineError: a folder can't be listed.
    """
    images, masks, others = [], {}, []
    for path, place in _walk(root, PurePosixPath(), Place()):
        if path.name.startswith("."):
            continue
        if not is_image(path.name):
            others.append(str(path))
        elif place.is_mask:
            masks[place.category, place.kind, path.stem.removesuffix("_mask")] = str(path)
        else:
            images.append((path, place))
    records = [_record(path, place, masks, root.resolve().name) for path, place in images]
    return Found(records=tuple(records), lone_masks=tuple(masks.values()), others=tuple(others))


def _walk(root: Path, below: PurePosixPath, place: Place) -> Iterator[tuple[PurePosixPath, Place]]:
    """Yield every file below a folder with what its folders say; hidden folders are left out."""
    folders, files = _list(root / below)
    yield from ((below / name, place) for name in files)
    names_kinds = place.split is not None or any(name.lower() in NORMAL_NAMES for name in folders)
    for name in folders:
        if not name.startswith("."):
            yield from _walk(root, below / name, _inside(place, name, names_kinds=names_kinds))


def _inside(place: Place, name: str, *, names_kinds: bool) -> Place:
    """Return what is known in a folder called `name`, which lies where `place` is known."""
    if name.lower() in MASK_NAMES:
        return evolve(place, is_mask=True)
    if place.split is None and place.kind is None and name.lower() in _SPLITS:
        return evolve(place, split=_SPLITS[name.lower()])
    if place.kind is None and (names_kinds or place.is_mask):
        return evolve(place, kind=name)
    return evolve(place, category=(*place.category, name))


def _list(folder: Path) -> tuple[list[str], list[str]]:
    try:
        with os.scandir(folder) as entries:
            kinds = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    except OSError as error:
        raise MachineError(f"{folder}: can't be listed: {error.strerror or error}") from error
    return sorted(name for name in kinds if kinds[name]), sorted(name for name in kinds if not kinds[name])


def _record(
    path: PurePosixPath, place: Place, masks: dict[tuple[tuple[str, ...], str | None, str], str], whole: str
) -> Record:
    """Return an image's record; its mask is taken out of `masks`."""
    is_normal = place.kind is None or place.kind.lower() in NORMAL_NAMES
    is_named = not is_normal and place.kind is not None and place.kind.lower() not in _PLAIN_DEFECTS
    mask = None if is_normal else masks.pop((place.category, place.kind, path.stem), None)
    return Record(
        image_path=str(path),
        category="_".join(place.category) or whole,
        split=place.split if is_normal else place.split or "test",
        label=NORMAL if is_normal else ANOMALOUS,
        labelled=True,
        mask_path=mask,
        defect=place.kind if is_named else None,
    )
