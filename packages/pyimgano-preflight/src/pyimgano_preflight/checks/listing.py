"""The folders that the records name: what is wanted in each, and one listing of what it holds."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from pyimgano_core.contracts.record import Sample
from pyimgano_core.images import is_image
from pyimgano_core.manifest import columns_of, image_file, mask_file
from pyimgano_preflight.checks.names import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_preflight._inspection import Inspection

NAMED_ORPHANS = 20
_MANY = 1000


class Use(NamedTuple):
    """A file in a folder: the number of the sample, the field of its record, and the file's name."""

    number: int
    field: str
    name: str


@define
class FolderUses:
    """What the records name in one folder: the files of samples, by their numbers, and the folders below.

    The names of files are cut from the samples' paths as they are needed, so that a folder of many files
    costs little while others are looked at.
    """

    samples: Sequence[Sample]
    images: array[int] = field(factory=lambda: array("q"))
    masks: array[int] = field(factory=lambda: array("q"))
    folders: set[str] = field(factory=set)

    def __len__(self) -> int:
        """Return how often files are named."""
        return len(self.images) + len(self.masks)

    def file(self, place: int) -> Use:
        """Return one of the files; those of masks follow those of images."""
        if place < len(self.images):
            number = self.images[place]
            return Use(number, "image_path", _name(image_file(self.samples, number)))
        number = self.masks[place - len(self.images)]
        return Use(number, "mask_path", _name(mask_file(self.samples, number) or ""))

    def files(self) -> Iterator[Use]:
        """Yield all files."""
        return map(self.file, range(len(self)))


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
    samples = inspection.prepared.samples
    masked = columns_of(samples).masked.tolist()
    uses: dict[str, FolderUses] = {}
    for number, has_mask in enumerate(masked):
        _of_folder(uses, samples, image_file(samples, number)).images.append(number)
        if has_mask:
            _of_folder(uses, samples, mask_file(samples, number) or "").masks.append(number)
    tops = top_folders(inspection)
    for folder in list(uses):
        _add_to_parent(uses, samples, folder, tops)
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


def _of_folder(uses: dict[str, FolderUses], samples: Sequence[Sample], file: str) -> FolderUses:
    folder = os.path.dirname(file)  # noqa: PTH120 - text, for speed
    found = uses.get(folder)
    if found is None:
        found = uses[folder] = FolderUses(samples)
    return found


def _add_to_parent(
    uses: dict[str, FolderUses], samples: Sequence[Sample], folder: str, tops: tuple[str, ...]
) -> None:
    while folder not in tops and is_below(folder, tops):
        parent, name = os.path.split(folder)
        below = uses.setdefault(parent, FolderUses(samples)).folders
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


def _name(path: str) -> str:
    return os.path.basename(path)  # noqa: PTH119 - text, for speed
