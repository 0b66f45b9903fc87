"""What the predictions are held against: a manifest's test records, or the truth in the lines themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from pyimgano_core.contracts.evaluation import Matching
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.split import CategorySplit
from pyimgano_core.errors import DataError, UsageError
from pyimgano_core.layouts import list_categories
from pyimgano_core.pixel_gate import decide_gate, inspect_mask
from pyimgano_core.predictions._issues import counted
from pyimgano_core.predictions._line import PredictedLine
from pyimgano_core.predictions._matching import Matched, match_predictions
from pyimgano_core.preparation import Prepared, PreparedCategory
from pyimgano_core.words import agree, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.config import DatasetConfig, EvaluationConfig, RunConfig
    from pyimgano_core.predictions._reader import PredictionsFile

ALL_CATEGORIES = "all"
UNNAMED_CATEGORY = "default"
_NOTHING_TO_TRAIN_ON = "PF706"


@define(frozen=True, kw_only=True)
class TruthCategory:
    """One category; `lines` are those of its test samples, in their order."""

    prepared: PreparedCategory
    lines: tuple[PredictedLine | None, ...]

    @property
    def name(self) -> str:
        """The category's name."""
        return self.prepared.split.category


@define(frozen=True, kw_only=True)
class Truth:
    """What is known of the images.

    `categories` are those with a prediction. Without a manifest, `matched` and `hashes` are empty, and there
    are test images only. `folders` are where relative paths of lines may start.
    """

    categories: tuple[TruthCategory, ...]
    folders: tuple[Path, ...]
    issues: tuple[Issue, ...] = ()
    matched: Matched | None = None
    matching: Matching | None = None
    samples: Sequence[Sample] = ()
    hashes: Mapping[Path, str] = field(factory=dict)


def truth_from_manifest(file: PredictionsFile, config: RunConfig, prepared: Prepared) -> Truth:
    """Hold the lines against the test records of the data set that `config` names.

    Raises:
        DataError: the data set has errors, or no test record has a prediction.
    """
    errors = [issue for issue in prepared.errors if issue.code != _NOTHING_TO_TRAIN_ON]
    if errors:
        raise DataError("the manifest has errors; see more with pyimgano-preflight", errors)
    chosen = config.dataset.category
    others = set() if chosen == ALL_CATEGORIES else {*list_categories(config.dataset, Path())} - {chosen}
    lines = evolve(file, lines=tuple(line for line in file.lines if line.category not in others))
    folders = _folders(file.path, config.dataset)
    matched = match_predictions(lines, prepared.samples, folders)
    every = [_with_lines(category, matched) for category in prepared.categories if category.split.test]
    missing = [sum(line is None for line in category.lines) for category in every]
    issues = [
        *matched.issues,
        *(_missing(category, count) for category, count in zip(every, missing, strict=True) if count),
        *(issue for category in every for issue in _contradictions(category)),
    ]
    found = tuple(category for category in every if any(category.lines))
    if not found:
        raise DataError("no prediction is of a test image of the manifest", issues)
    tested = sum(line is not None for category in every for line in category.lines)
    placed = sum(matched.line_of(sample) is not None for sample in prepared.samples)
    return Truth(
        categories=found,
        folders=folders,
        issues=tuple(issues),
        matched=matched,
        matching=evolve(matched.counts, not_tested=placed - tested, without_prediction=sum(missing)),
        samples=prepared.samples,
        hashes=prepared.hashes,
    )


def truth_from_lines(file: PredictionsFile, category: str, evaluation: EvaluationConfig) -> Truth:
    """Take the truth from the lines: image metrics only, as there are no masks.

    Raises:
        UsageError: no line of the category has the truth.
    """
    folder = file.path.absolute().parent
    unnamed = UNNAMED_CATEGORY if category == ALL_CATEGORIES else category
    lines = _of_category(file, category)
    by_category: dict[str, list[PredictedLine]] = defaultdict(list)
    for line in lines:
        if line.y_true is not None:
            by_category[line.category or unnamed].append(line)
    named = sorted({line.category for line in file.lines if line.category is not None})
    if category != ALL_CATEGORIES and not lines and named:
        raise UsageError(
            f"{file.path}: has no category {category!r}; choose from {', '.join(map(repr, named))}"
        )
    if not by_category:
        whose = "" if category == ALL_CATEGORIES else f" of category {category!r}"
        raise UsageError(
            f"{file.path}: no line{whose} has the truth: add y_true (0 or 1), or give --manifest"
        )
    unknown = [line.input for line in lines if line.y_true is None]
    issues = []
    if unknown:
        have, do = number_of(len(unknown), "line has", "lines have"), agree(len(unknown), "doesn't", "don't")
        message = f"{have} no truth (y_true or label as 0 or 1) and {do} count"
        issues.append(counted("EV204", Severity.ERROR, message, unknown))
    return Truth(
        categories=tuple(
            _unmasked(name, by_category[name], folder, evaluation) for name in sorted(by_category)
        ),
        folders=(folder, Path.cwd()),
        issues=tuple(issues),
    )


def _unmasked(
    name: str, lines: list[PredictedLine], folder: Path, evaluation: EvaluationConfig
) -> TruthCategory:
    test = tuple(sample_of(line, name, folder) for line in lines)
    masks = tuple(inspect_mask(sample) for sample in test)
    gate = decide_gate(test, masks, evaluation)
    if gate.reason == "no_masks":
        gate = evolve(gate, message="without --manifest there are no masks")
    prepared = PreparedCategory(split=CategorySplit(category=name, test=test), masks=masks, gate=gate)
    return TruthCategory(prepared=prepared, lines=tuple(lines))


def sample_of(line: PredictedLine, category: str, folder: Path) -> Sample:
    """Return what a line itself says of its image; relative paths start from `folder`."""
    record = Record(
        image_path=line.input,
        category=category,
        label=line.y_true or 0,
        labelled=line.y_true is not None,
        group_id=line.group_id,
        defect=line.defect,
        line=line.line,
    )
    return Sample(record=record, image=folder / line.input.replace("\\", "/"))


def _of_category(file: PredictionsFile, category: str) -> tuple[PredictedLine, ...]:
    if category == ALL_CATEGORIES:
        return file.lines
    return tuple(line for line in file.lines if line.category in {None, category})


def _with_lines(category: PreparedCategory, matched: Matched) -> TruthCategory:
    return TruthCategory(prepared=category, lines=tuple(map(matched.line_of, category.split.test)))


def _missing(category: TruthCategory, count: int) -> Issue:
    tests = zip(category.lines, category.prepared.split.test, strict=True)
    names = [sample.record.image_path for line, sample in tests if line is None]
    advice = "" if count < len(category.lines) else ", so it is left out; choose others with --category"
    have = (
        f"{len(names)} of {number_of(len(category.lines), 'test image')} {agree(len(names), 'has', 'have')}"
    )
    message = f"category {category.name!r}: {have} no prediction"
    return counted("EV203", Severity.ERROR, message + advice, names, category=category.name)


def _contradictions(category: TruthCategory) -> Iterator[Issue]:
    names = [
        line.input
        for line, sample in zip(category.lines, category.prepared.split.test, strict=True)
        if line is not None and line.y_true not in {None, sample.record.label}
    ]
    if names:
        contradict = number_of(len(names), "line contradicts", "lines contradict")
        message = f"category {category.name!r}: {contradict} the manifest's label, which counts"
        yield counted("EV205", Severity.WARNING, message, names, category=category.name)


def _folders(predictions: Path, dataset: DatasetConfig) -> tuple[Path, ...]:
    """Return where relative paths of lines may start: beside the lines or the manifest, the root, here."""
    manifest = None if dataset.manifest_path is None else Path(dataset.manifest_path).parent
    root = None if dataset.root is None else Path(dataset.root)
    inner = [folder.absolute() for folder in (manifest, root) if folder is not None]
    return predictions.absolute().parent, *inner, Path.cwd()
