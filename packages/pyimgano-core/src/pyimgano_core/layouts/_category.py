"""One category of a folder tree: `{train,val,test}/<kind>/<image>` and `ground_truth/<kind>/<mask>`.

A kind is a folder name such as `good` or `scratch`. The mask of `test/scratch/001.png` is
`ground_truth/scratch/001_mask.*` or `ground_truth/scratch/001.*`, by the exact name: 1 is not 10.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.errors import MachineError
from pyimgano_core.images import is_image
from pyimgano_core.layouts._result import anomaly_in_train, category_empty, not_used, wrong_structure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Split

_SPLITS: tuple[Split, ...] = ("train", "val", "test")
_MASKS = "ground_truth"
_PARTS = (*_SPLITS, _MASKS)


@define(frozen=True, kw_only=True)
class Dialect:
    """The names that one data set gives to its folders.

    `normal` are the kinds that are normal, in lower case; `anomalous` those that are not, or None where any
    other name is a type of defect. With `single`, the root may itself be the only category.
    """

    name: str
    normal: frozenset[str]
    anomalous: frozenset[str] | None = None
    single: bool = False

    def label(self, kind: str) -> int | None:
        """Return 0 or 1, or None where the name is unknown."""
        if kind.lower() in self.normal:
            return NORMAL
        return ANOMALOUS if self.anomalous is None or kind.lower() in self.anomalous else None


class CategoryReader:
    """Collects the records and issues of one category; nothing that lies in it is dropped without a word."""

    def __init__(self, dialect: Dialect, root: Path, folder: Path, name: str) -> None:
        self.records: list[Record] = []
        self.issues: list[Issue] = []
        self._dialect = dialect
        self._root = root
        self._folder = folder
        self._name = name
        self._unmatched: dict[str, set[str]] = {}  # masks of each kind

    def read(self) -> None:
        """Read the whole category."""
        folders, files = list_folder(self._folder)
        others = [*files, *(name for name in folders if name not in _PARTS)]
        self._ignore("", others, f"in none of {', '.join(_PARTS)}")
        if _MASKS in folders:
            self._list_masks()
        for split in _SPLITS:
            if split in folders:
                self._read_split(split)
        for kind, masks in self._unmatched.items():
            self._ignore(f"{_MASKS}/{kind}", masks, "masks of no image")
        if not self.records:
            self.issues.append(category_empty(self._name))

    def _list_masks(self) -> None:
        kinds, files = list_folder(self._folder / _MASKS)
        self._ignore(_MASKS, files, "in no folder of a kind, such as good")
        self._unmatched = {kind: set(self._images(f"{_MASKS}/{kind}")) for kind in kinds}

    def _read_split(self, split: Split) -> None:
        kinds, files = list_folder(self._folder / split)
        self._ignore(split, files, "in no folder of a kind, such as good")
        for kind in kinds:
            path, label = self._path(f"{split}/{kind}"), self._dialect.label(kind)
            if label is None:
                known = ", ".join(sorted(self._dialect.normal | (self._dialect.anomalous or frozenset())))
                hint = "; layout mvtec, <category>/test/<defect>, takes any name" if split == "test" else ""
                message = f"{path}: is named none of {known}{hint}"
                self.issues.append(
                    wrong_structure(self._dialect.name, message, category=self._name, path=path)
                )
            elif label == ANOMALOUS and split != "test":
                self.issues.append(anomaly_in_train(self._name, split, path))
            else:
                self._read_kind(split, kind, label)

    def _read_kind(self, split: Split, kind: str, label: int) -> None:
        masks = _by_stem(self._unmatched.get(kind, ())) if split == "test" else {}
        for name in self._images(f"{split}/{kind}"):
            stem = Path(name).stem
            mask = masks.get(f"{stem}_mask") or masks.get(stem)
            if mask is not None:
                self._unmatched[kind].discard(mask)
            self.records.append(
                Record(
                    image_path=self._path(f"{split}/{kind}/{name}"),
                    category=self._name,
                    split=split,
                    label=label,
                    mask_path=None if mask is None else self._path(f"{_MASKS}/{kind}/{mask}"),
                    defect=kind if label == ANOMALOUS else None,
                )
            )

    def _images(self, folder: str) -> list[str]:
        """Return the names of the images in `folder`, and note whatever else lies there."""
        folders, files = list_folder(self._folder / folder)
        images = [name for name in files if is_image(name) and not name.startswith(".")]
        self._ignore(folder, {*folders, *files} - set(images), "not images")
        return images

    def _ignore(self, folder: str, names: Iterable[str], what: str) -> None:
        paths = sorted(self._path(f"{folder}/{name}" if folder else name) for name in names)
        if paths:
            self.issues.append(not_used(paths, what, category=self._name))

    def _path(self, below: str) -> str:
        return (self._folder / below).relative_to(self._root).as_posix()


def list_folder(folder: Path, *, follow_links: bool = True) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of all else in `folder`, sorted.

    Args:
        folder: what is listed.
        follow_links: whether a link to a folder is one, too.

    Raises:
        MachineError: the folder can't be listed.
    """
    try:
        with os.scandir(folder) as entries:
            kinds = {entry.name: entry.is_dir(follow_symlinks=follow_links) for entry in entries}
    except OSError as error:
        raise MachineError(f"{folder}: can't be listed: {error.strerror or error}") from error
    return sorted(name for name in kinds if kinds[name]), sorted(name for name in kinds if not kinds[name])


def is_category(folder: Path) -> bool:
    """Return whether `folder` holds a split."""
    return any((folder / split).is_dir() for split in _SPLITS)


def _by_stem(names: Iterable[str]) -> dict[str, str]:
    """Return the first name of each stem."""
    return {Path(name).stem: name for name in sorted(names, reverse=True)}
