"""Checks on paths as they are written: would they work on another machine."""

from __future__ import annotations

import os
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

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


def _collisions(uses: Mapping[str, FolderUses]) -> Iterator[Issue]:
    """Yield the collisions within folders that are one but for their case."""
    spellings: dict[str, dict[str, Sample]] = {}  # of each name, and the first sample that uses it
    for folder, of_folder in uses.items():
        for sample, field, name in of_folder.files():
            known = spellings.setdefault(fold_name(name), {})
            path = os.path.join(folder, name)  # noqa: PTH118 - text, for speed
            if known and path not in known:
                yield _collision(sample, field, path, next(iter(known.items())))
            known.setdefault(path, sample)


def _collision(sample: Sample, field: str, path: str, other: tuple[str, Sample]) -> Issue:
    other_path, other_sample = other
    line = other_sample.record.line
    where = f"line {line}" if line else repr(os.path.basename(other_path))  # noqa: PTH119 - text
    data = {"other": os.path.basename(other_path), "other_line": line}  # noqa: PTH119 - text
    if differ_by_case(path, other_path):
        message = f"differs from the path of {where} by case only: rename one of them"
        return sample_issue("PF206", sample, message, field=field, data=data)
    message = f"differs from the path of {where} only in how its accents are stored: rename one of them"
    return sample_issue("PF207", sample, message, field=field, data=data)
