"""Checks on where paths really lead, from one listing of each folder that the records name."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field

from pyimgano_core.manifest import lines_of
from pyimgano_core.words import agree, images_in_words, number_of
from pyimgano_preflight.checks.listing import (
    NAMED_ORPHANS,
    NOTHING_LISTED,
    folder_uses,
    is_below,
    list_folder,
    top_folders,
    twin_folders,
)
from pyimgano_preflight.checks.names import differ_by_case, fold_name
from pyimgano_preflight.checks.paths import is_absolute
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.preparation import Prepared
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.checks.listing import FolderUses, Listing

_ALL_CATEGORIES = "all"
_NAMED_IN_MESSAGE = 3
_NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM})


def folder_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the paths that lead out of the data set or are spelt otherwise on the disk, and unused files."""
    tops = top_folders(inspection)
    walk = _Walk(tops=tops, real_tops=tuple(map(os.path.realpath, tops)))
    uses = folder_uses(inspection)
    twins = twin_folders(uses)
    for folder, of_folder in uses.items():
        others = [uses[twin] for twin in twins[fold_name(folder)] if twin != folder]
        yield from walk.issues(folder, of_folder, others)
    if walk.orphan_count and finds_orphans(inspection.config) and not has_lost_lines(inspection.prepared):
        yield _orphan_issue(walk)


def has_lost_lines(prepared: Prepared) -> bool:
    """Return whether a line of the manifest gave no record: the image that it names would look unused."""
    located = (issue.location for issue in prepared.errors if issue.location is not None)
    lines = [place.line for place in located if place.line is not None]
    return not np.isin(lines, lines_of(prepared.samples)).all()


def finds_orphans(config: RunConfig) -> bool:
    """Return whether files that no record names are looked for; a layout's reader tells of its own."""
    dataset = config.dataset
    return dataset.name == "manifest" and dataset.category == _ALL_CATEGORIES


@define
class _Walk:
    """Goes through the folders, parents first, and remembers those that are spelt otherwise on the disk."""

    tops: tuple[str, ...]
    real_tops: tuple[str, ...]
    orphans: list[str] = field(factory=list)
    orphan_count: int = 0
    orphan_folders: int = 0
    _spelt: dict[str, str] = field(factory=dict)

    def issues(self, folder: str, uses: FolderUses, others: list[FolderUses]) -> Iterator[Issue]:
        """Yield what is wrong with the files of one folder; `others` are of its name in another case."""
        on_disk = self._spelt.pop(folder, folder)
        wanted = {*uses.folders, *(use.name for use in uses.files())}
        claimed = {fold_name(use.name) for same in (uses, *others) for use in same.files()}
        listing = NOTHING_LISTED
        try:
            listing = list_folder(on_disk, wanted, claimed)
        except OSError as exc:
            if exc.errno not in _NO_FOLDER:
                yield _unlisted(_shown_folder(folder, self.tops), exc)
                listing = evolve(NOTHING_LISTED, links=frozenset(wanted))  # each is looked at by itself
        for name in uses.folders:
            true = os.path.join(on_disk, listing.spellings.get(name, name))  # noqa: PTH118 - text
            if true != os.path.join(folder, name):  # noqa: PTH118 - text
                self._spelt[os.path.join(folder, name)] = true  # noqa: PTH118 - text
        if claimed and on_disk == folder and is_below(folder, self.tops):
            self._count_orphans(folder, listing)
        yield from self._spelling_issues(folder, on_disk, uses, listing)
        yield from self._outside_issues(on_disk, uses, listing)

    def _count_orphans(self, folder: str, listing: Listing) -> None:
        self.orphan_count += listing.orphan_count
        self.orphan_folders += listing.orphan_count > 0
        room = NAMED_ORPHANS - len(self.orphans)
        self.orphans += (_shown(folder, name, self.tops) for name in listing.orphans[:room])

    def _spelling_issues(
        self, folder: str, on_disk: str, uses: FolderUses, listing: Listing
    ) -> Iterator[Issue]:
        if folder == on_disk and not listing.spellings:
            return
        for number, key, name in uses.files():
            spelt = listing.spellings.get(name, name)
            if (folder, name) != (on_disk, spelt) and (name in listing.found or name in listing.spellings):
                written, true = _shown(folder, name, self.tops), _shown(on_disk, spelt, self.tops)
                yield _spelling_issue(uses.samples[number], key, written, true)

    def _outside_issues(self, on_disk: str, uses: FolderUses, listing: Listing) -> Iterator[Issue]:
        if not self.tops:
            return
        folder_is_inside = is_below(os.path.realpath(on_disk), self.real_tops)
        if folder_is_inside and not listing.links:
            return
        for number, key, name in uses.files():
            if folder_is_inside and name not in listing.links:
                continue
            sample = uses.samples[number]
            text = sample.record.image_path if key == "image_path" else sample.record.mask_path or ""
            true = os.path.realpath(os.path.join(on_disk, name))  # noqa: PTH118 - text
            if not is_absolute(text) and not is_below(true, self.real_tops):
                message = "leads out of the data set's folder: move the file in, or set dataset.root"
                yield sample_issue("PF202", sample, message, field=key)


def _spelling_issue(sample: Sample, key: str, written: str, true: str) -> Issue:
    data = {"on_disk": true}
    if differ_by_case(written, true):
        message = f"is {true!r} on the disk: write it so, as some file systems tell the cases apart"
        return sample_issue("PF205", sample, message, field=key, data=data)
    message = f"stands on the disk with its accents stored in another way, as {true!a}: rename the file"
    return sample_issue("PF207", sample, message, field=key, data=data)


def _orphan_issue(walk: _Walk) -> Issue:
    names = ", ".join(walk.orphans[:_NAMED_IN_MESSAGE])
    names += ", …" if walk.orphan_count > _NAMED_IN_MESSAGE else ""
    are = agree(walk.orphan_count, "is", "are")
    where = number_of(walk.orphan_folders, "folder")
    return rule_issue(
        "PF213",
        f"{images_in_words(walk.orphan_count)} in {where} of the data set {are} named by no record: {names}",
        paths=tuple(walk.orphans),
        data={"count": walk.orphan_count, "folders": walk.orphan_folders},
    )


def _unlisted(folder: str, error: OSError) -> Issue:
    code = "PF902" if error.errno in _NO_RIGHT else "PF901"
    reason = error.strerror or str(error)
    return rule_issue(code, f"{folder}: can't be listed: {reason}; the spelling of its names was not checked")


def _shown(folder: str, name: str, tops: tuple[str, ...]) -> str:
    """Return a path as a record would give it."""
    path = f"{folder}{os.sep}{name}"
    top = next((top for top in tops if is_below(folder, (top,))), None)
    return (path if top is None else path[len(top) :].lstrip(os.sep)).replace(os.sep, "/")


def _shown_folder(folder: str, tops: tuple[str, ...]) -> str:
    """Return the path of a folder as a record would give it, that of the data set's own as it is."""
    return folder if folder in tops else _shown(*os.path.split(folder), tops)
