"""Which images set the thresholds of predictions: normals of a file of their own, or of the manifest."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import ANOMALOUS, Sample
from pyimgano_core.contracts.threshold import CalibrationSource
from pyimgano_core.duplicates import contents_sha256, hash_contents
from pyimgano_core.predictions._issues import counted
from pyimgano_core.predictions._line import PredictedLine
from pyimgano_core.predictions._matching import match_predictions
from pyimgano_core.predictions._truth import UNNAMED_CATEGORY, sample_of
from pyimgano_core.progress import SilentProgress
from pyimgano_core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.predictions._reader import PredictionsFile
    from pyimgano_core.predictions._truth import Truth, TruthCategory

# Why a line is left out, said of one and of several.
_TESTED = (
    "line is a test image, which never sets a threshold",
    "lines are test images, which never set a threshold",
)
_ANOMALOUS = (
    "line is anomalous: normals alone set a threshold",
    "lines are anomalous: normals alone set a threshold",
)
_UNSCORED = ("line has no score", "lines have no score")
_ELSEWHERE = ("line is of a category that is not evaluated", "lines are of categories that are not evaluated")


@define(frozen=True, kw_only=True)
class CalibrationImages:
    """Scored normal images of one category, none of them tested, and where they come from.

    `sha256` identifies them by content, whatever their names and their order, and `distinct` counts contents,
    where all files are here. Whether they were fitted or tested is None where that can't be known.
    """

    images: tuple[tuple[PredictedLine, Sample], ...] = ()
    source: CalibrationSource = "none"
    fallback: str | None = None
    sha256: str | None = None
    distinct: int | None = None
    disjoint_from_train: bool | None = None
    disjoint_from_test: bool | None = None


def calibration_from_manifest(truth: Truth, category: TruthCategory) -> CalibrationImages:
    """Return the predictions of the manifest's own calibration images, where there are any."""
    split = category.prepared.split
    if truth.matched is None:
        return CalibrationImages()
    pairs = [(truth.matched.line_of(sample), sample) for sample in split.calibration]
    images = tuple((line, sample) for line, sample in pairs if line is not None and line.score is not None)
    if not images:
        return CalibrationImages()
    return CalibrationImages(
        images=images,
        source=split.calibration_source,
        fallback=split.calibration_fallback,
        sha256=_identity(images, truth.hashes),
        distinct=_count_distinct(images, truth.hashes),
        disjoint_from_train=_is_disjoint(images, split.train, truth.hashes),
        disjoint_from_test=_is_disjoint(images, split.test, truth.hashes),
    )


def calibration_from_file(
    file: PredictionsFile, truth: Truth
) -> tuple[dict[str, CalibrationImages], tuple[Issue, ...]]:
    """Return the images of a calibration file by category, and what of it can't be used."""
    by_name = {category.name: category for category in truth.categories}
    tested = {sample.key for category in truth.categories for sample in category.prepared.split.test}
    images: dict[str, list[tuple[PredictedLine, Sample]]] = defaultdict(list)
    left_out: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line, sample in _with_samples(file, truth):
        if sample.key in tested:
            left_out[_TESTED].append(line.input)
        elif ANOMALOUS in {sample.record.label, line.y_true}:
            left_out[_ANOMALOUS].append(line.input)
        elif line.score is None:
            left_out[_UNSCORED].append(line.input)
        elif sample.record.category not in by_name:
            left_out[_ELSEWHERE].append(line.input)
        else:
            images[sample.record.category].append((line, sample))
    issues = [
        counted("EV401", Severity.WARNING, f"{file.path}: {number_of(len(names), *why)}", names)
        for why, names in left_out.items()
    ]
    found = {name: _from_file(tuple(images[name]), by_name[name], truth) for name in sorted(images)}
    return found, tuple(issues)


def _with_samples(file: PredictionsFile, truth: Truth) -> Iterator[tuple[PredictedLine, Sample]]:
    """Yield each line with the sample that it means, or else with what it says of itself."""
    tests = tuple(sample for category in truth.categories for sample in category.prepared.split.test)
    known = truth.samples or tests
    folder = file.path.absolute().parent
    matched = match_predictions(file, known, (folder, *truth.folders), by_suffix=bool(truth.samples))
    lines = ((matched.line_of(sample), sample) for sample in known)
    by_line = {line.line: sample for line, sample in lines if line is not None}
    names = [category.name for category in truth.categories]
    unnamed = names[0] if len(names) == 1 else UNNAMED_CATEGORY
    for line in file.lines:
        yield line, by_line.get(line.line) or sample_of(line, line.category or unnamed, folder)


def _from_file(
    images: tuple[tuple[PredictedLine, Sample], ...], category: TruthCategory, truth: Truth
) -> CalibrationImages:
    split = category.prepared.split
    seen = (*(sample for _, sample in images), *split.test)
    unknown = [sample for sample in seen if sample.image not in truth.hashes]
    hashes = {**truth.hashes, **hash_contents(unknown, SilentProgress())}
    return CalibrationImages(
        images=images,
        source="predictions",
        sha256=_identity(images, hashes),
        distinct=_count_distinct(images, hashes),
        disjoint_from_train=_is_disjoint(images, split.train, hashes) if truth.samples else None,
        disjoint_from_test=_is_disjoint(images, split.test, hashes),
    )


def _identity(images: Sequence[tuple[PredictedLine, Sample]], hashes: Mapping[Path, str]) -> str | None:
    contents = [hashes.get(sample.image) for _, sample in images]
    known = [content for content in contents if content is not None]
    return contents_sha256(known) if len(known) == len(contents) else None


def _count_distinct(images: Sequence[tuple[PredictedLine, Sample]], hashes: Mapping[Path, str]) -> int | None:
    contents = {hashes.get(sample.image) for _, sample in images}
    return None if None in contents else len(contents)


def _is_disjoint(
    images: Iterable[tuple[PredictedLine, Sample]], others: Iterable[Sample], hashes: Mapping[Path, str]
) -> bool | None:
    """Return whether no image is among the others, by content; None where a file is not here."""
    contents = {hashes.get(sample.image) for _, sample in images}
    compared = {hashes.get(sample.image) for sample in others}
    return None if None in contents | compared else contents.isdisjoint(compared)
