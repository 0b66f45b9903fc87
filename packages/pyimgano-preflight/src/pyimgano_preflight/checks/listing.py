"""The folders that the records name: what is wanted in each, and one listing of what it holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_core.contracts.record import Sample
from pyimgano_core.images import is_image
from pyimgano_preflight.checks.names import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_preflight._inspection import Inspection

NAMED_ORPHANS = 20
_MANY = 1000


@define
class FolderUses:
    """What the records name in one folder: the files of samples, and the folders below.

    The names of files are cut from the samples' paths as they are needed, so that a folder of many files
    costs little while others are looked at.
    """

    images: list[Sample] = field(factory=list)
    masks: list[Sample] = field(factory=list)
    folders: set[str] = field(factory=set)

    def files(self) -> Iterator[tuple[Sample, str, str]]:
        """Yield each sample, the field of its record, and the file's name."""
        for sample in self.images:
            yield sample, "image_path", _name(sample.image_file)
        for sample in self.masks:
            yield sample, "mask_path", _name(sample.mask_file or "")


@define(frozen=True, kw_only=True)
class Listing:
    """What a folder holds of what was wanted in it.

    `spellings` are the true names of those that stand there in another case or form. `links` are symbolic
    links. `orphans` are the first names of the `orphan_count` image files that nobody wanted.
    """

    found: frozenset[str]
    spellings: dict[str, str]
    links: frozenset[str]
    orphans: tuple[str, ...]
    orphan_count: int


NOTHING_LISTED = Listing(found=frozenset(), spellings={}, links=frozenset(), orphans=(), orphan_count=0)


def folder_uses(inspection: Inspection) -> dict[str, FolderUses]:
    """Return what is wanted in each folder and in those above it, up to the data set's; parents first."""
    uses: dict[str, FolderUses] = {}
    for sample in inspection.prepared.samples:
        uses.setdefault(_folder(sample.image_file), FolderUses()).images.append(sample)
        if sample.mask_file is not None:
            uses.setdefault(_folder(sample.mask_file), FolderUses()).masks.append(sample)
    tops = top_folders(inspection)
    for folder in list(uses):
        _add_to_parent(uses, folder, tops)
    return {folder: uses[folder] for folder in sorted(uses, key=lambda folder: folder.count(os.sep))}


def twin_folders(uses: Iterable[str]) -> dict[str, list[str]]:
    """Return the folders by their folded names: those of one name are one folder on some file systems."""
    twins: dict[str, list[str]] = {}
    for folder in uses:
        twins.setdefault(fold_name(folder), []).append(folder)
    return twins


def top_folders(inspection: Inspection) -> tuple[str, ...]:
    """Return the folders that relative paths start from, as samples spell them."""
    return tuple(str(folder.absolute()) for folder in inspection.folders)


def is_below(folder: str, tops: Iterable[str]) -> bool:
    """Return whether `folder` is one of `tops` or below it, without going up."""
    return any(_is_below(folder, top) for top in tops)


def list_folder(folder: str, wanted: set[str], claimed: set[str]) -> Listing:
    """Look into a folder once, and once more where something is not there.

    Args:
        folder: as the disk spells it.
        wanted: the names of files and folders that are looked for.
        claimed: the folded names of all files that the records name in it, in whatever spelling.

    Raises:
        OSError: it can't be listed.
    """
    found, links = set(), set()
    orphans: list[str] = []
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in wanted:
                found.add(entry.name)
                if entry.is_symlink():
                    links.add(entry.name)
            elif _is_unused_image(entry, claimed):
                count += 1
                orphans.append(entry.name)
                if len(orphans) > _MANY:
                    orphans = _first(orphans)
    missing = wanted - found
    return Listing(
        found=frozenset(found),
        spellings=_spellings(folder, missing) if missing else {},
        links=frozenset(links),
        orphans=tuple(_first(orphans)),
        orphan_count=count,
    )


def _spellings(folder: str, missing: set[str]) -> dict[str, str]:
    """Return the true name of each missing one that stands in `folder` in another case or form."""
    by_fold: dict[str, list[str]] = {}
    for name in missing:
        by_fold.setdefault(fold_name(name), []).append(name)
    spellings: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            for name in by_fold.get(fold_name(entry.name), ()):
                spellings[name] = min(entry.name, spellings.get(name, entry.name))
    return spellings


def _add_to_parent(uses: dict[str, FolderUses], folder: str, tops: tuple[str, ...]) -> None:
    while folder not in tops and is_below(folder, tops):
        parent, name = os.path.split(folder)
        below = uses.setdefault(parent, FolderUses()).folders
        if name in below:
            return
        below.add(name)
        folder = parent


def _is_unused_image(entry: os.DirEntry[str], claimed: set[str]) -> bool:
    name = entry.name
    return is_image(name) and not name.startswith(".") and fold_name(name) not in claimed and entry.is_file()


def _first(names: Iterable[str]) -> list[str]:
    return sorted(names)[:NAMED_ORPHANS]


def _is_below(folder: str, top: str) -> bool:
    above = top if top.endswith(os.sep) else top + os.sep
    return folder == top or (
        folder.startswith(above)
        and f"{os.sep}{os.pardir}{os.sep}" not in f"{folder[len(above) - 1 :]}{os.sep}"
    )


def _folder(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - text, for speed


def _name(path: str) -> str:
    return os.path.basename(path)  # noqa: PTH119 - text, for speed
