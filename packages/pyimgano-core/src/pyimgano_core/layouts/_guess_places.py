"""What the names of folders say of the images in them: category and split, normal or which defect."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.record import Split
from pyimgano_core.images import is_hidden, is_image
from pyimgano_core.layouts._category import list_folder
from pyimgano_core.layouts._guess_names import (
    says_anomalous,
    says_masks,
    says_no_more_than_anomalous,
    says_normal,
    split_said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RUN = "run.json"  # what a run directory holds beside pictures of its own


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
        return self.kind is None or says_normal(self.kind)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind and what is in it."""
        return self.inner if self.kind is None else (self.kind, *self.inner)

    @property
    def defect(self) -> tuple[str, ...]:
        """The kinds that say more than that an image is anomalous."""
        return tuple(name for name in self.kinds if not says_no_more_than_anomalous(name))


def walk_places(root: Path) -> Iterator[tuple[PurePosixPath, Place]]:
    """Yield every file below a folder with what its folders say; hidden folders and runs are left out.

    Raises:
        MachineError: a folder can't be listed.
    """
    return _walk(root, PurePosixPath(), Place())


def _walk(root: Path, below: PurePosixPath, place: Place) -> Iterator[tuple[PurePosixPath, Place]]:
    folders, files = list_folder(root / below, follow_links=False)  # a link may lead back up
    if _RUN in files:
        return
    # A link to a folder is among the files: one that is called ok still tells what its neighbours are.
    names = (*folders, *(name for name in files if not is_image(name)))
    known = [name for name in names if _is_known(name) and (root / below / name).is_dir()]
    place = _holding(place, known)
    yield from ((below / name, place) for name in files)
    for name in folders:
        if not is_hidden(name):
            yield from _walk(root, below / name, _inside(place, name, folders, known))


def _is_known(name: str) -> bool:
    """Return whether a name says normal or anomalous, and nothing else."""
    return says_normal(name) or says_anomalous(name)


def _holding(place: Place, known: list[str]) -> Place:
    """Return what is known in a folder that holds these known kinds: its own name is none then."""
    says = any(map(says_normal, known)) or (place.split is not None and known)
    if place.kind is None or not says or any(map(_is_known, place.kinds)):
        return place
    return evolve(place, category=(*place.category, *place.kinds), kind=None, inner=())


def _inside(place: Place, name: str, neighbours: list[str], known: list[str]) -> Place:
    """Return what is known in a folder called `name`, which lies where `place` is known.

    Args:
        place: where it lies.
        name: of the folder.
        neighbours: all folders there.
        known: those of them that say normal or anomalous.
    """
    names_kinds = place.split is not None or any(map(says_normal, known))
    if says_masks(name, among_kinds=bool(names_kinds or known or place.kind)):
        return evolve(place, is_mask=True)
    if place.kind is None and (split := split_said(name, neighbours)):
        return evolve(place, split=split)
    if place.kind is not None:
        return evolve(place, inner=(*place.inner, name))
    if names_kinds or place.is_mask or says_anomalous(name):
        return evolve(place, kind=name)
    return evolve(place, category=(*place.category, name))


def divided(place: Place, normal: set[tuple[str, ...]]) -> Place:
    """Return a place whose kind and `inner` folders only tell the defect; others are moved to its category.

    Args:
        place: of an image.
        normal: the categories that normal images lie in.
    """
    if place.kind is not None and place.split in {"train", "val"}:
        category = (*place.category, *place.kinds)
        if category in normal:  # train/bolt beside test/bolt/good
            return evolve(place, category=category, kind=None, inner=())
    for count in range(len(place.inner), -1, -1):
        category = (*place.category, *place.inner[:count])
        if category in normal:
            return evolve(place, category=category, inner=place.inner[count:])
    return evolve(place, category=(*place.category, *place.inner), inner=())
