"""Records of images in folders whose names tell what they hold.

- `train`, `val` and `test` are splits, of nested ones the innermost counts, and the folders in them are kinds
  of images. Anomalous images are for test, wherever they lie.
- Names are read as people write them: `NOK`, `n.i.O.` and `not ok` are one, and so are `ok` and `OK-Teile`.
- Where one of the folders in a folder is called `good`, `ok` or the like, all of them are kinds: that one is
  normal, the others are defects. One that is called `bad`, `nok` or the like is a kind wherever it lies.
- What holds such folders is no kind but a category, in a split and beside `good`, too: `test/bolt/good`. So
  is what is called like it in `train` or `val`: `train/bolt`.
- Folders inside a kind are categories where normal images are of such a category, too: `ok/bolt`, `nok/bolt`.
  Else they say which defect: `nok/scratch`.
- A folder that is called `ground_truth` or `masks` holds masks, under the names of its neighbours: that of
  `scratch/1.png` is `masks/scratch/1.png` or `masks/scratch/1_mask.png`, and also `masks/1.png` where no
  other anomalous image of the category is called `1`, or each other one has a mask in the folder of its
  defect. One that may be of several images is of none.
- All other folders are categories; images that lie in none of them are of one that is called as the whole is.
  Folders inside each other make one name, `a/b` is `a_b`, and two of one name are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.images import is_image
from pyimgano_core.layouts._guess_masks import match_masks
from pyimgano_core.layouts._guess_names import mentions_anomalous, says_anomalous
from pyimgano_core.layouts._guess_places import divided, walk_places
from pyimgano_core.manifest import is_safe_category

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path, PurePosixPath

    from pyimgano_core.layouts._guess_places import Place

_NAMELESS = "images"  # the category of a whole disk


@define(frozen=True, kw_only=True)
class GuessedRecords:
    """What a folder holds, as far as names tell.

    Attributes:
        records: of its images, at least one, with paths relative to it, in the order of their names.
        doubtful: categories that have a word for defects in their names, of images that nothing calls normal.
        lone_masks: masks of no anomalous image, or of one of several.
        others: files that are no images, and links to folders, which are not followed.
    """

    records: tuple[Record, ...]
    doubtful: tuple[str, ...]
    lone_masks: tuple[str, ...]
    others: tuple[str, ...]


def guess_records(root: Path) -> GuessedRecords:
    """Return what a folder and the folders in it hold, as their names tell; no image is opened.

    Args:
        root: the folder.

    Raises:
        UsageError: there is no such folder.
        DataError: there are no images, or folders have names that no category may have, or two one name.
        MachineError: a folder can't be listed.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: is no folder; name one that holds images")
    images, masks, others = [], [], []
    for path, place in walk_places(root):
        if path.name.startswith("."):
            continue
        if not is_image(path.name):
            others.append(str(path))
        elif place.is_mask:
            masks.append((path, place))
        else:
            images.append((path, place))
    if not images:
        raise DataError(f"{root}: holds no images, and none of its folders does")
    normal = {(*place.category, *place.inner) for _, place in images if place.is_normal}
    images, masks = ([(path, divided(place, normal)) for path, place in each] for each in (images, masks))
    names = _category_names((place.category for _, place in images), root)
    found = match_masks(masks, ((path, place) for path, place in images if not place.is_normal))
    used = set(found.values())
    return GuessedRecords(
        records=tuple(_record(path, place, names, found) for path, place in images),
        doubtful=_doubtful(images, names),
        lone_masks=tuple(str(path) for path, _ in masks if str(path) not in used),
        others=tuple(others),
    )


def _category_names(categories: Iterable[tuple[str, ...]], root: Path) -> dict[tuple[str, ...], str]:
    """Return what each category is called, by its folders.

    Raises:
        DataError: no category may be called so, or two would be one.
    """
    whole = root.resolve().name or _NAMELESS
    names = {folders: "_".join(folders) or whole for folders in categories}
    if unsafe := sorted({name for name in names.values() if not is_safe_category(name)}):
        raise DataError(
            f"{root}: no category can be called {', '.join(map(repr, unsafe))}; rename what is called so"
        )
    alike: dict[str, list[str]] = {}
    for folders, name in names.items():
        alike.setdefault(name, []).append(repr("/".join(folders) or "."))
    doubled = [f"{' and '.join(sorted(each))} ({name!r})" for name, each in alike.items() if len(each) > 1]
    if doubled:
        raise DataError(f"{root}: folders would be one category: {'; '.join(doubled)}; rename all but one")
    return names


def _doubtful(
    images: Iterable[tuple[PurePosixPath, Place]], names: dict[tuple[str, ...], str]
) -> tuple[str, ...]:
    """Return the categories that are called after defects, of images that no folder calls normal."""
    taken = {place.category for _, place in images if place.kind is None}
    return tuple(sorted(names[folders] for folders in taken if _sounds_anomalous(folders, names[folders])))


def _sounds_anomalous(folders: tuple[str, ...], name: str) -> bool:
    """The whole may be called after what it is a data set of: `metal anomalies`."""
    return any(map(mentions_anomalous, folders)) if folders else says_anomalous(name)


def _record(
    path: PurePosixPath, place: Place, names: dict[tuple[str, ...], str], masks: dict[str, str]
) -> Record:
    return Record(
        image_path=str(path),
        category=names[place.category],
        split=place.split if place.is_normal else "test",
        label=NORMAL if place.is_normal else ANOMALOUS,
        labelled=True,
        mask_path=masks.get(str(path)),
        defect=None if place.is_normal else "_".join(place.defect) or None,
    )
