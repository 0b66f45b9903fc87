"""What the names of folders say: which kind of part, which split, normal or which defect, and whose mask.

- `train`, `val` and `test` are splits, of nested ones the innermost counts, and the folders in them are kinds
  of images. Anomalous images are for test, wherever they lie.
- Where one of the folders in a folder is called `good`, `ok` or the like, all of them are kinds: that one is
  normal, the others are defects. One that is called `bad`, `nok` or the like is a kind wherever it lies.
- What holds such folders is no kind but a category, in a split and beside `good`, too: `test/bolt/good`. So
  is what is called like it in `train` or `val`: `train/bolt`.
- Folders inside a kind are categories where normal images are of such a category, too: `ok/bolt`, `nok/bolt`.
  Else they say which defect: `nok/scratch`.
- A folder that is called `ground_truth` or `masks` holds masks, under the names of its neighbours: that of
  `scratch/1.png` is `masks/scratch/1.png` or `masks/scratch/1_mask.png`, and also `masks/1.png` where no
  other anomalous image of the category is called `1`. One that may be of several images is of none.
- All other folders are categories; images that lie in none of them are of one that is called as the whole is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, evolve

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Split
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.images import is_image
from pyimgano_core.layouts._category import list_folder
from pyimgano_core.manifest import is_safe_category

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NORMAL = frozenset({"good", "gut", "normal", "ok", "pass"})
_MASKS = frozenset({"ground_truth", "mask", "masks"})
_PLAIN_DEFECTS = frozenset(
    {"anomalous", "anomaly", "bad", "defect", "defective", "defects", "fail", "ko", "ng", "nok"}
    | {"reject", "rejects", "scrap"}
    | {"ausschuss", "defekt", "fehler", "schlecht"}
)
_SPLITS: dict[str, Split] = {"train": "train", "val": "val", "test": "test"}
_RUN = "run.json"  # what a run directory holds beside pictures of its own
_NAMELESS = "images"  # the category of a whole disk
_MaskKey: TypeAlias = tuple[tuple[str, ...], str]


@define(frozen=True, kw_only=True)
class Place:
    """What an image's folders say; `kind` is None where none names a kind, `inner` are the folders in it."""

    category: tuple[str, ...] = ()
    split: Split | None = None
    kind: str | None = None
    inner: tuple[str, ...] = ()
    is_mask: bool = False

    @property
    def is_normal(self) -> bool:
        return self.kind is None or self.kind.lower() in _NORMAL


@define(frozen=True, kw_only=True)
class GuessedRecords:
    """What a folder holds, as far as names tell.

    Attributes:
        records: of its images, at least one, with paths relative to it, in the order of their names.
        lone_masks: masks of no anomalous image, or of one of several.
        others: files that are no images, and links to folders, which are not followed.
    """

    records: tuple[Record, ...]
    lone_masks: tuple[str, ...]
    others: tuple[str, ...]


def guess_records(root: Path) -> GuessedRecords:
    """Return what a folder and the folders in it hold, as their names tell; no image is opened.

    Args:
        root: the folder.

    Raises:
        UsageError: there is no such folder.
        DataError: there are no images, or folders have names that no category may have.
        MachineError: a folder can't be listed.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: is no folder; name one that holds images")
    guessed = _guessed(root)
    if not guessed.records:
        raise DataError(f"{root}: holds no images, and none of its folders does")
    categories = {record.category for record in guessed.records}
    if unsafe := sorted(name for name in categories if not is_safe_category(name)):
        names = ", ".join(map(repr, unsafe))
        raise DataError(f"{root}: no category can be called {names}; rename what is called so")
    return guessed


def _guessed(root: Path) -> GuessedRecords:
    images, masks, others = [], [], []
    for path, place in _walk(root, PurePosixPath(), Place()):
        if path.name.startswith("."):
            continue
        if not is_image(path.name):
            others.append(str(path))
        elif place.is_mask:
            masks.append((path, place))
        else:
            images.append((path, place))
    normal = {(*place.category, *place.inner) for _, place in images if place.is_normal}
    images = [(path, _divided(place, normal)) for path, place in images]
    keyed = [
        (_mask_key(_divided(place, normal), path.stem.removesuffix("_mask")), str(path))
        for path, place in masks
    ]
    left = _with_owners(_unshared(keyed, images), images)
    whole = root.resolve().name or _NAMELESS
    records = tuple(_record(path, place, left, whole) for path, place in images)
    used = {record.mask_path for record in records}
    lone_masks = tuple(path for _, path in keyed if path not in used)
    return GuessedRecords(records=records, lone_masks=lone_masks, others=tuple(others))


def _walk(root: Path, below: PurePosixPath, place: Place) -> Iterator[tuple[PurePosixPath, Place]]:
    """Yield every file below a folder with what its folders say; hidden folders and runs are left out."""
    folders, files = list_folder(root / below, follow_links=False)  # a link may lead back up
    if _RUN in files:
        return
    # A link to a folder is among the files: one that is called ok still tells what its neighbours are.
    known = {
        name.lower() for name in (*folders, *files) if _is_known(name) and (root / below / name).is_dir()
    }
    place = _holding(place, known)
    yield from ((below / name, place) for name in files)
    names_kinds = place.split is not None or not known.isdisjoint(_NORMAL)
    for name in folders:
        if not name.startswith("."):
            yield from _walk(root, below / name, _inside(place, name, names_kinds=names_kinds))


def _is_known(name: str) -> bool:
    """Return whether a name says normal or anomalous, and nothing else."""
    return name.lower() in _NORMAL | _PLAIN_DEFECTS


def _holding(place: Place, known: set[str]) -> Place:
    """Return what is known in a folder that holds these known kinds: its own name is none then."""
    says = not known.isdisjoint(_NORMAL) or (place.split is not None and known)
    if place.kind is None or not says or any(map(_is_known, (place.kind, *place.inner))):
        return place
    return evolve(place, category=(*place.category, place.kind, *place.inner), kind=None, inner=())


def _inside(place: Place, name: str, *, names_kinds: bool) -> Place:
    """Return what is known in a folder called `name`, which lies where `place` is known."""
    if name.lower() in _MASKS:
        return evolve(place, is_mask=True)
    if place.kind is None and name.lower() in _SPLITS:
        return evolve(place, split=_SPLITS[name.lower()])
    if place.kind is not None:
        return evolve(place, inner=(*place.inner, name))
    if names_kinds or place.is_mask or name.lower() in _PLAIN_DEFECTS:
        return evolve(place, kind=name)
    return evolve(place, category=(*place.category, name))


def _divided(place: Place, normal: set[tuple[str, ...]]) -> Place:
    """Return a place whose kind and `inner` folders only tell the defect; others are moved to its category.

    Args:
        place: of an image.
        normal: the categories that normal images lie in.
    """
    if place.kind is not None and place.split in {"train", "val"}:
        category = (*place.category, place.kind, *place.inner)
        if category in normal:  # train/bolt beside test/bolt/good
            return evolve(place, category=category, kind=None, inner=())
    for count in range(len(place.inner), -1, -1):
        category = (*place.category, *place.inner[:count])
        if category in normal:
            return evolve(place, category=category, inner=place.inner[count:])
    return evolve(place, category=(*place.category, *place.inner), inner=())


def _unshared(
    masks: Iterable[tuple[_MaskKey, str]], images: Iterable[tuple[PurePosixPath, Place]]
) -> dict[_MaskKey, str]:
    """Return the masks whose key no other has, and at most one image: whose the others are can't be told."""
    of_masks = Counter(key for key, _ in masks)
    of_images = Counter(_mask_key(place, path.stem) for path, place in images if not place.is_normal)
    return {key: path for key, path in masks if of_masks[key] == 1 and of_images[key] <= 1}


def _with_owners(
    masks: dict[_MaskKey, str], images: Iterable[tuple[PurePosixPath, Place]]
) -> dict[_MaskKey, str]:
    """Return `masks`; one that lies in no folder of a defect gets the key of the only image of its name."""
    owners: dict[_MaskKey, list[_MaskKey]] = defaultdict(list)
    for path, place in images:
        if not place.is_normal:
            owners[place.category, path.stem].append(_mask_key(place, path.stem))
    keyed = dict(masks)
    for key, mask in masks.items():
        keys = owners.get(key, ())
        if len(keys) == 1 and keys[0] not in keyed:
            keyed[keys[0]] = mask
            del keyed[key]
    return keyed


def _record(path: PurePosixPath, place: Place, masks: dict[_MaskKey, str], whole: str) -> Record:
    """Return an image's record; its mask is taken out of `masks`."""
    return Record(
        image_path=str(path),
        category="_".join(place.category) or whole,
        split=place.split if place.is_normal else "test",
        label=NORMAL if place.is_normal else ANOMALOUS,
        labelled=True,
        mask_path=None if place.is_normal else masks.pop(_mask_key(place, path.stem), None),
        defect=None if place.is_normal else "_".join(_defect(place)) or None,
    )


def _defect(place: Place) -> tuple[str, ...]:
    """Return the names of an anomalous place's kind that say more than that it is one."""
    names = place.inner if place.kind is None else (place.kind, *place.inner)
    return tuple(name for name in names if name.lower() not in _PLAIN_DEFECTS)


def _mask_key(place: Place, stem: str) -> _MaskKey:
    """Return what an image and its mask have in common: all folders but those that only say "anomalous"."""
    return (*place.category, *_defect(place)), stem
