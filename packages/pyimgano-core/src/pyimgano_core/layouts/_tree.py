"""The layout of MVTec AD and its relatives: `<category>/{train,val,test}/<kind>` and `<category>/ground_truth/<kind>`.

A kind is a folder name such as `good` or `scratch`. The mask of `test/scratch/001.png` is
`ground_truth/scratch/001_mask.*` or `ground_truth/scratch/001.*`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from attrs import define, field

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record
from pyimgano_core.errors import MachineError
from pyimgano_core.images import is_image
from pyimgano_core.layouts._result import (
    LayoutRecords,
    anomaly_in_train,
    category_empty,
    not_used,
    wrong_structure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Split

_SPLITS: tuple[Split, ...] = ("train", "val", "test")
_MASKS = "ground_truth"
_SINGLE_CATEGORY = "custom"


@define(frozen=True, kw_only=True)
class Tree:
    """One dialect of the layout.

    `normal` are the names of kinds that are normal, in lower case; `anomalous` those that are not, or None
    where any other name is a type of defect. With `single`, the root may itself be the only category.
    """

    name: str
    normal: frozenset[str]
    anomalous: frozenset[str] | None = None
    single: bool = False


@define
class _Found:
    """What one category has given so far."""

    records: list[Record] = field(factory=list)
    issues: list[Issue] = field(factory=list)
    ignored: list[str] = field(factory=list)

    def ignore(self, paths: Iterable[str], what: str, category: str | None = None) -> None:
        """Note files that are not used; they are never dropped without a word."""
        if paths := sorted(paths):
            self.ignored += paths
            self.issues.append(not_used(paths, what, category=category))


def read_tree(root: Path, tree: Tree) -> LayoutRecords:
    """Return the records of all categories under `root`, which exists."""
    found = _Found()
    folders, files = _listing(root)
    if tree.single and _is_category(root):
        _read_category(root, root, _SINGLE_CATEGORY, tree, found)
    else:
        categories = [name for name in folders if _is_category(root / name)]
        found.ignore([*files, *(name for name in folders if name not in categories)], "no category")
        for name in categories:
            _read_category(root, root / name, name, tree, found)
        if not categories:
            found.issues.append(wrong_structure(tree.name, _no_category(root, tree)))
    return LayoutRecords(
        records=tuple(found.records), issues=tuple(found.issues), ignored=tuple(found.ignored)
    )


def _no_category(root: Path, tree: Tree) -> str:
    if _is_category(root):
        return f"{root}: is one category of the {tree.name!r} layout; give the folder that holds the categories"
    normal = min(tree.normal)
    return f"{root}: no folder <category>/train/{normal} or <category>/test/… as the {tree.name!r} layout has them"


def _is_category(folder: Path) -> bool:
    return any((folder / split).is_dir() for split in _SPLITS)


def _read_category(root: Path, folder: Path, category: str, tree: Tree, found: _Found) -> None:
    before = len(found.records)

    def below(*names: str) -> str:
        return folder.joinpath(*names).relative_to(root).as_posix()

    folders, files = _listing(folder)
    others = [*files, *(name for name in folders if name not in {*_SPLITS, _MASKS})]
    found.ignore(map(below, others), "no part of the layout", category)
    unused = _mask_folders(folder / _MASKS, found, below, category)
    for split in _SPLITS:
        if split not in folders:
            continue
        kinds, files = _listing(folder / split)
        found.ignore([below(split, name) for name in files], "in no folder of a kind", category)
        for kind in kinds:
            state = _state(tree, kind)
            path = below(split, kind)
            if state is None:
                known = ", ".join(sorted(tree.normal | (tree.anomalous or frozenset())))
                found.issues.append(
                    wrong_structure(tree.name, f"{path}: is none of {known}", category=category, path=path)
                )
            elif state == "anomalous" and split != "test":
                found.issues.append(anomaly_in_train(category, split, path))
            else:
                masks = unused.get(kind, {}) if split == "test" else {}
                _read_kind(folder, (split, kind), category, state, masks, found, below)
    for kind, masks in unused.items():
        found.ignore([below(_MASKS, kind, name) for name in masks], "masks of no image", category)
    if len(found.records) == before:
        found.issues.append(category_empty(category))


def _state(tree: Tree, kind: str) -> Literal["normal", "anomalous"] | None:
    if kind.lower() in tree.normal:
        return "normal"
    return "anomalous" if tree.anomalous is None or kind.lower() in tree.anomalous else None
