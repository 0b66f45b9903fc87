"""The same image twice: the same path or the same bytes, on one side of a split or, worse, on two."""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import bisect_right
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.artifacts import sha256_file, to_json
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.record import ANOMALOUS, LABEL_NAMES, Role, Sample
from pyimgano_core.contracts.split import CategorySplit, Fingerprint, SplitResult
from pyimgano_core.manifest import find_repeated, image_file, named_images

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.progress import Progress

_NAMES = {
    "PF111": "MANIFEST_DUPLICATE_IMAGE",
    "PF112": "DUPLICATE_RECORD_CONFLICT",
    "PF601": "DUPLICATE_CONTENT",
    "PF602": "LEAK_EXACT",
    "PF603": "DUPLICATE_LABEL_CONFLICT",
}
_SHOWN_PATHS = 20


@define(frozen=True, kw_only=True)
class _Use:
    """Where one image is used."""

    category: str
    role: Role
    sample: Sample

    @property
    def file(self) -> tuple[str, str]:
        """The category and the file's path: what `path_issues` wants to be named once."""
        return self.category, _normal(self.sample.image_file)

    @property
    def label(self) -> int:
        return self.sample.record.label

    @property
    def is_tested(self) -> bool:
        return self.role == "test"

    @property
    def side(self) -> str:
        return f"{self.role} of {self.category!r}"

    @property
    def place(self) -> str:
        """The image and, where there is a manifest, its line."""
        record = self.sample.record
        return f"{record.image_path!r} (line {record.line})" if record.line else repr(record.image_path)


class _Uses:
    """Every image of a split where it is used, numbered by category, by role and in the samples' order."""

    def __init__(self, split: SplitResult) -> None:
        self._parts = [
            (category.category, role, samples)
            for category in split.categories
            for role, samples in category.by_role
        ]
        self._ends = [*accumulate(len(samples) for *_, samples in self._parts)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def at(self, indices: Iterable[int]) -> list[_Use]:
        """Return the uses of these numbers."""
        places = ((self._parts[part], index) for part, index in map(self._place, indices))
        return [
            _Use(category=category, role=role, sample=samples[index])
            for (category, role, samples), index in places
        ]

    def image_file(self, index: int) -> str:
        """Return where one image lies."""
        part, place = self._place(index)
        return image_file(self._parts[part][2], place)

    def _place(self, index: int) -> tuple[int, int]:
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)


def path_issues(samples: Sequence[Sample]) -> tuple[Issue, ...]:
    """Return the images that a category names more than once, by path."""

    def key_at(index: int) -> tuple[str, str]:
        return samples[index].record.category, _normal(image_file(samples, index))

    keys = ((category, _normal(path)) for category, path in named_images(samples))
    repeated = find_repeated(len(samples), key_at, keys)
    return tuple(_path_issue([samples[index] for index in same]) for same in repeated)


def hash_contents(samples: Sequence[Sample], progress: Progress) -> dict[Path, str]:
    """Return the SHA-256 of every image and mask file; those that can't be read are left out."""
    paths = dict.fromkeys(
        path for sample in samples for path in (sample.image, sample.mask) if path is not None
    )
    hashes = {}
    for path in progress.track(paths, "hashing files", len(paths)):
        digest = _hash_or_none(path)
        if digest is not None:
            hashes[path] = digest
    return hashes


def content_issues(split: SplitResult, hashes: Mapping[Path, str], policy: SplitPolicy) -> tuple[Issue, ...]:
    """Return the images with equal bytes: copies, copies with two labels, and copies learnt from and tested.

    One file that a category names again is no copy of itself: `path_issues` tells it.

    Args:
        split: all categories; a copy in another category's test set is a leak too.
        hashes: from `hash_contents`.
        policy: whether leaks are errors or allowed, and then warnings.
    """
    if not hashes:
        return ()
    uses = _Uses(split)

    def content_at(index: int) -> str | None:
        return hashes.get(Path(uses.image_file(index)))

    severity = Severity.WARNING if policy.leakage == "allow" else Severity.ERROR
    copies = map(uses.at, find_repeated(len(uses), content_at))
    return tuple(issue for same in copies for issue in _copy_issues(same, severity))


def fingerprint(split: CategorySplit | SplitResult, hashes: Mapping[Path, str]) -> Fingerprint:
    """Return what identifies the data of a split: its contents, labels and roles, and no names or order.

    Args:
        split: one category or all.
        hashes: from `hash_contents`; a file without a hash counts as missing.
    """
    categories = split.categories if isinstance(split, SplitResult) else (split,)
    rows: dict[Role, list[str]] = {"train": [], "calibration": [], "test": []}
    counts = {"train": 0, "calibration": 0, "test": 0, "test_anomalous": 0, "missing_files": 0}
    for category in categories:
        for role, samples in category.by_role:
            counts[role] += len(samples)
            for sample in samples:
                files = [_content(sample.image, hashes), _content(sample.mask, hashes)]
                counts["missing_files"] += files.count("missing")
                counts["test_anomalous"] += role == "test" and sample.record.label == ANOMALOUS
                rows[role].append(to_json([category.category, role, sample.record.label, *files]))
    whole = contents_sha256(row for lines in rows.values() for row in lines)
    return Fingerprint(sha256=whole, counts=counts, test_sha256=contents_sha256(rows["test"]))


def contents_sha256(contents: Iterable[str]) -> str:
    """Return what identifies images by the hashes of their contents, whatever their names and their order."""
    return hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()


def _normal(path: str) -> str:
    """Return `os.path.normpath(path)`, without its cost where it would surely change nothing."""
    if os.sep == "/" and path[:1] == "/" and path[-1] != "/" and not ("/." in path or "//" in path):
        return path
    return os.path.normpath(path)


def _content(path: Path | None, hashes: Mapping[Path, str]) -> str | None:
    return None if path is None else hashes.get(path, "missing")


def _hash_or_none(path: Path) -> str | None:
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)  # opening a pipe would wait for ever
        return sha256_file(path) if is_file else None
    except (OSError, ValueError):
        return None


def _path_issue(same: Sequence[Sample]) -> Issue:
    facts = {(sample.record.split, sample.record.label, sample.mask) for sample in same}
    lines = ", ".join(str(sample.record.line) for sample in same[:_SHOWN_PATHS] if sample.record.line)
    where = f" (lines {lines})" if lines else ""
    named = f"{same[0].record.image_path!r} is named {len(same)} times{where}"
    if len(facts) == 1:
        return _issue("PF111", Severity.ERROR, f"{named}: keep one", same)
    return _issue("PF112", Severity.ERROR, f"{named} with different split, label or mask: keep one", same)


def _once_each(uses: Iterable[_Use]) -> list[_Use]:
    """Return the first use of each file."""
    found: dict[tuple[str, str], _Use] = {}
    for use in uses:
        found.setdefault(use.file, use)
    return list(found.values())


def _two_apart(uses: Sequence[_Use]) -> tuple[_Use, _Use]:
    """Return uses of two of the files, of different labels or on different sides where there are such."""
    first = uses[0]
    stranger = next(use for use in uses if use.file != first.file)
    for trait in (attrgetter("label"), attrgetter("is_tested")):
        other = next((use for use in uses if trait(use) != trait(first)), None)
        if other is not None and other.file != first.file:
            return first, other
        if other is not None:  # one file with both, so any other file is unlike one of its uses
            return (first if trait(stranger) != trait(first) else other), stranger
    return first, stranger


def _copy_issues(uses: Sequence[_Use], severity: Severity) -> Iterator[Issue]:
    files = _once_each(uses)
    if len(files) == 1:
        return
    samples = [use.sample for use in files]
    first, second = _two_apart(uses)
    told = f"{len(files)} records have the same image content, such as {first.place} and {second.place}"
    labels = {use.label for use in uses}
    learnt = _once_each(use for use in uses if not use.is_tested)
    tested = _once_each(use for use in uses if use.is_tested)
    if len(labels) > 1:
        both = " and ".join(LABEL_NAMES[label] for label in sorted(labels))
        yield _issue("PF603", severity, f"{told}, labelled {both}: one label is wrong", samples)
    if learnt and tested:
        yield _leak(told, learnt, tested, severity)
    paths = {_normal(sample.image_file) for sample in samples}
    if len(labels) == 1 and not (learnt and tested) and len(paths) > 1:
        fitted = len({use.role for use in uses}) > 1
        harm = "the threshold is set on fitted images" if fitted else "copies add no information"
        yield _issue("PF601", Severity.WARNING, f"{told}: {harm}", samples)


def _leak(told: str, learnt: Sequence[_Use], tested: Sequence[_Use], severity: Severity) -> Issue:
    """Return the issue of a file that is learnt from and the other files that are tested."""
    source = next(use for use in learnt if any(other.file != use.file for other in tested))
    copies = [use for use in tested if use.file != source.file]
    message = f"{told}, in {source.side} and in {copies[0].side}: tests would measure memory; remove one"
    return _issue("PF602", severity, message, [source.sample, *(use.sample for use in copies)])


def _issue(code: str, severity: Severity, message: str, samples: Sequence[Sample]) -> Issue:
    record = samples[0].record
    categories = {sample.record.category for sample in samples}
    return Issue(
        code=code,
        name=_NAMES[code],
        severity=severity,
        message=message,
        location=Location(line=record.line) if record.line else None,
        paths=tuple(sample.record.image_path for sample in samples[:_SHOWN_PATHS]),
        category=record.category if len(categories) == 1 else None,
        data={"count": len(samples)},
    )
