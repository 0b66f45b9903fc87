"""The images that an update adds: normal, not held back for calibration or tests, of known categories."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.config import DatasetConfig
from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.record import ANOMALOUS, Sample
from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.duplicates import hash_contents
from pyimgano_core.errors import DataError
from pyimgano_core.layouts import load_dataset
from pyimgano_core.manifest import locate_issues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyimgano_core.contracts.data_line import DataLine
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress

_NAMES = {
    "PF602": "LEAK_EXACT",
    "PF606": "MANIFEST_GROUP_SPLIT_CONFLICT",
    "PF704": "LABEL_SPLIT_INVALID",
    "PF705": "ANOMALY_IN_TRAIN",
}


@define(frozen=True, kw_only=True)
class NewImages:
    """New images by category, and the hashes of their files."""

    samples: dict[str, list[Sample]]
    hashes: dict[Path, str]


@define(frozen=True, kw_only=True)
class _Held:
    """What must not be learnt: contents in any category's calibration or test images, groups by category."""

    contents: dict[str, str]  # to the words for where it is
    groups: frozenset[tuple[str, str]]


def read_new_images(
    manifest: Path, learnt: Mapping[str, Sequence[DataLine]], prepared: Prepared, progress: Progress
) -> NewImages:
    """Return the images that an update adds; copies of what was learnt, and of each other, are left out.

    Args:
        manifest: names them; without a split, or with split train.
        learnt: the lines of the train images of each category that has a model.
        prepared: the data set of the earlier run.
        progress: shows the reading of files.

    Raises:
        DataError: with every line that is wrong, is anomalous, names a category without a model, or shares
            an image or a group with what sets the threshold or measures; or nothing is new.
    """
    loaded = load_dataset(DatasetConfig(manifest_path=str(manifest.absolute())), Path())
    _refuse_unknown_categories(loaded.samples, list(learnt), manifest)
    hashes = hash_contents(loaded.samples, progress)
    held = _held(prepared)
    errors = [issue for issue in loaded.issues if issue.severity is Severity.ERROR]
    for sample in loaded.samples:
        errors += _refusals(sample, hashes.get(sample.image), held)
    if errors:
        raise DataError(
            f"{manifest}: errors, {len(errors)} in all, so nothing was learnt; take these lines out",
            tuple(locate_issues(errors, loaded.manifest)),
        )
    new = _new(loaded.samples, hashes, learnt)
    if not new:
        raise DataError(f"{manifest}: it holds no image that was not learnt before")
    return NewImages(samples=new, hashes=hashes)


def _held(prepared: Prepared) -> _Held:
    contents: dict[str, str] = {}
    groups = set()
    for split in (category.split for category in prepared.categories):
        for role, samples in split.by_role[1:]:
            for sample in samples:
                digest = prepared.hashes.get(sample.image)
                if digest is not None:
                    contents[digest] = f"{sample.record.image_path!r}, a {role} image of {split.category!r}"
                if sample.record.group_id is not None:
                    groups.add((split.category, sample.record.group_id))
    return _Held(contents=contents, groups=frozenset(groups))


def _refusals(sample: Sample, digest: str | None, held: _Held) -> Iterator[Issue]:
    record = sample.record
    name = repr(record.image_path)
    if record.label == ANOMALOUS:
        yield _issue("PF705", sample, f"{name} is anomalous: models learn from normal images alone")
    if record.split not in {None, "train"}:
        yield _issue("PF704", sample, f"{name} has the split {record.split!r}: only train images are learnt")
    if digest in held.contents:
        yield _issue("PF602", sample, f"{name} is a copy of {held.contents[digest]}: keep it out")
    if (record.category, record.group_id) in held.groups:
        place = f"{name} is of the group {record.group_id!r}, as are calibration or test images"
        yield _issue("PF606", sample, f"{place}: keep it out")


def _issue(code: str, sample: Sample, message: str) -> Issue:
    record = sample.record
    return Issue(
        code=code,
        name=_NAMES[code],
        severity=Severity.ERROR,
        message=message,
        location=Location(line=record.line),
        paths=(record.image_path,),
        category=record.category,
    )


def _refuse_unknown_categories(samples: Sequence[Sample], known: list[str], manifest: Path) -> None:
    for name in dict.fromkeys(sample.record.category for sample in samples):
        if name not in known:
            raise DataError(
                f"{manifest}: {unknown(f'category {name!r}', name, known)}; the run has no model of it"
            )


def _new(
    samples: Sequence[Sample], hashes: Mapping[Path, str], learnt: Mapping[str, Sequence[DataLine]]
) -> dict[str, list[Sample]]:
    """Return the images of each category whose content is there for the first time."""
    seen = {(name, line.sha256) for name, lines in learnt.items() for line in lines}
    new: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        name, digest = sample.record.category, hashes.get(sample.image)
        if digest is None or (name, digest) not in seen:  # what can't be read fails in the run, and is told
            new[name].append(sample)
            seen.add((name, digest))
    return dict(new)
