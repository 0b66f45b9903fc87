"""Checks on paths as they are written: would they work on another machine."""

from __future__ import annotations

import os
from bisect import bisect_right
from itertools import accumulate
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from pyimgano_core.manifest import find_repeated
from pyimgano_preflight.checks.listing import folder_uses, twin_folders
from pyimgano_preflight.checks.names import differ_by_case, fold_name, unportable_folder, unportable_name
from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.checks.listing import FolderUses


def path_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of each path by itself, in the order of the samples."""
    written = inspection.config.dataset.name == "manifest"
    for sample in inspection.prepared.samples:
        yield from _written_issues(sample, "image_path", sample.record.image_path, written=written)
        if sample.record.mask_path is not None:
            yield from _written_issues(sample, "mask_path", sample.record.mask_path, written=written)


def collision_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the paths that some file systems take for the path of another record."""
    uses = folder_uses(inspection)
    for folders in twin_folders(uses).values():
        yield from _collisions({folder: uses[folder] for folder in folders})


def is_absolute(text: str) -> bool:
    """Return whether a path is absolute on some system."""
    return text.startswith(("/", "\\")) or (text[1:2] == ":" and PureWindowsPath(text).drive != "")


def _written_issues(sample: Sample, field: str, text: str, *, written: bool) -> Iterator[Issue]:
    absolute = is_absolute(text)
    if absolute and written:
        yield sample_issue("PF203", sample, "is absolute: write it relative", field=field)
    if "\\" in text and written:
        yield sample_issue("PF204", sample, "is written with backslashes: use slashes", field=field)
    folder, _, name = text.replace("\\", "/").rpartition("/")
    reason = unportable_name(name) or (None if absolute or not folder else unportable_folder(folder))
    if reason is not None:
        yield sample_issue("PF207", sample, reason, field=field)


class _Files:
    """The files of several folders, numbered in the order of the folders."""

    def __init__(self, uses: Mapping[str, FolderUses]) -> None:
        self._parts = [(folder, of_folder) for folder, of_folder in uses.items() if len(of_folder)]
        self._ends = [*accumulate(len(of_folder) for _, of_folder in self._parts)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def folded(self, place: int) -> str:
        _, of_folder, rest = self._part(place)
        return fold_name(of_folder.file(rest).name)

    def path(self, place: int) -> str:
        folder, of_folder, rest = self._part(place)
        return os.path.join(folder, of_folder.file(rest).name)  # noqa: PTH118 - text, for speed

    def sample(self, place: int) -> tuple[Sample, str]:
        """Return the sample that names a file, and the field of its record."""
        _, of_folder, rest = self._part(place)
        use = of_folder.file(rest)
        return of_folder.samples[use.number], use.field

    def _part(self, place: int) -> tuple[str, FolderUses, int]:
        part = bisect_right(self._ends, place)
        return (*self._parts[part], place - (self._ends[part - 1] if part else 0))


def _collisions(uses: Mapping[str, FolderUses]) -> Iterator[Issue]:
    """Yield the collisions within folders that are one but for their case."""
    files = _Files(uses)
    found: dict[int, Issue] = {}
    for places in find_repeated(len(files), files.folded):
        spellings: dict[str, int] = {}  # and where each is used first
        for place in places:
            spellings.setdefault(files.path(place), place)
        (path, place), *others = spellings.items()
        found |= {other: _collision(files, other, text, (path, place)) for text, other in others}
    yield from (found[place] for place in sorted(found))


def _collision(files: _Files, place: int, path: str, first: tuple[str, int]) -> Issue:
    sample, field = files.sample(place)
    other_name = os.path.basename(first[0])  # noqa: PTH119 - text
    line = files.sample(first[1])[0].record.line
    where = f"line {line}" if line else repr(other_name)
    data = {"other": other_name, "other_line": line}
    if differ_by_case(path, first[0]):
        message = f"differs from the path of {where} by case only: rename one of them"
        return sample_issue("PF206", sample, message, field=field, data=data)
    message = f"differs from the path of {where} only in how its accents are stored: rename one of them"
    return sample_issue("PF207", sample, message, field=field, data=data)
