"""A person's verdicts on predictions, taken back into the records of a data set."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from pyimgano_core.contracts.issue import Issue
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Sample
from pyimgano_core.errors import DataError
from pyimgano_core.predictions._issues import bad_line
from pyimgano_core.predictions._line import PredictedLine, parse_reviewed
from pyimgano_core.predictions._matching import match_predictions
from pyimgano_core.predictions._reader import read_predictions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@define(frozen=True, kw_only=True)
class Reviewed:
    """A data set after a review.

    `samples` are the old ones in their order, with the verdicts, and behind them the new ones. `counts` says
    how many verdicts `confirmed` or `changed` a record, how many images were `added`, how many anomalous ones
    were `moved_to_test`, and how many lines hold no verdict (`unreviewed`).
    """

    samples: tuple[Sample, ...]
    counts: dict[str, int]


def merge_reviewed(samples: Sequence[Sample], labels: Path) -> Reviewed:
    """Return the samples with the verdicts of a file.

    A verdict is a `label` of 0 or 1, or a `y_true`; a label in words is the model's own and counts for
    nothing. An image that is judged normal loses its mask and its type of defect, one that is judged
    anomalous leaves train and val for test. An image that no record names is added without a split.

    Args:
        samples: the data set.
        labels: predictions with verdicts, one JSON object per line; relative paths start from its folder, or
            else from the current one.

    Raises:
        DataError: the file is missing or unreadable, no line of it holds a verdict, or some are wrong; with
            an issue for each that is.
        MachineError: the storage failed while reading.
    """
    file = read_predictions(labels, parse_reviewed)
    folders = (labels.absolute().parent, Path.cwd())
    verdicts = [line for line in file.lines if line.y_true is not None]
    matched = match_predictions(evolve(file, lines=tuple(verdicts)), samples, folders, by_suffix=False)
    merge = _Merge(categories={sample.record.category for sample in samples}, folders=folders, labels=labels)
    merge.issues += [*file.issues, *(issue for issue in matched.issues if issue.code == "EV105")]
    if not verdicts and not merge.issues:
        raise DataError(f"{labels}: no line holds a verdict: give the label as 0 (normal) or 1 (anomalous)")
    kept = [merge.judged(sample, matched.line_of(sample)) for sample in samples]
    found = {id(line) for sample in samples if (line := matched.line_of(sample)) is not None}
    added = [*merge.added(line for line in verdicts if id(line) not in found)]
    if merge.issues:
        plural = "error" if len(merge.issues) == 1 else "errors"
        raise DataError(f"{labels}: {len(merge.issues)} {plural}, nothing is merged", merge.issues)
    merge.counts["unreviewed"] = len(file.lines) - len(verdicts)
    merge.counts["added"] = len(added)
    return Reviewed(samples=(*kept, *added), counts=dict(merge.counts))


@define(kw_only=True)
class _Merge:
    categories: set[str]
    folders: tuple[Path, ...]
    labels: Path
    issues: list[Issue] = field(factory=list)
    counts: Counter[str] = field(
        factory=lambda: Counter(dict.fromkeys(("confirmed", "changed", "moved_to_test"), 0))
    )

    def judged(self, sample: Sample, line: PredictedLine | None) -> Sample:
        """Return the sample with the verdict of its line."""
        if line is None or line.y_true is None:
            return sample
        record = _judged(sample.record, line)
        self.counts["confirmed" if record == sample.record else "changed"] += 1
        self.counts["moved_to_test"] += record.split != sample.record.split
        return evolve(sample, record=record, mask=None if record.mask_path is None else sample.mask_file)

    def added(self, lines: Iterable[PredictedLine]) -> Iterator[Sample]:
        """Yield a sample for each line whose image no record names."""
        seen: dict[str, int] = {}
        for line in lines:
            image, category = self._image(line), self._category(line)
            if image is None or category is None:
                continue
            first = seen.setdefault(image, line.line)
            if first != line.line:
                self._refuse(line, "EV105", f"{line.input!r} is the image of line {first} already: keep one")
                continue
            record = Record(image_path=line.input, category=category, group_id=line.group_id)
            yield Sample(record=_judged(record, line), image=image)

    def _image(self, line: PredictedLine) -> str | None:
        for folder in self.folders:
            path = os.path.realpath(folder / line.input.replace("\\", "/"))
            if os.path.isfile(path):  # noqa: PTH113 - text, as samples keep it
                return path
        tried = " nor in ".join(map(str, dict.fromkeys(self.folders)))
        self._refuse(line, "EV201", f"{line.input!r} is in no record and not in {tried}")
        return None

    def _category(self, line: PredictedLine) -> str | None:
        if line.category is not None:
            return line.category
        if len(self.categories) == 1:
            return next(iter(self.categories))
        self._refuse(line, "EV201", f"{line.input!r} is in no record: give its category")
        return None

    def _refuse(self, line: PredictedLine, code: str, message: str) -> None:
        self.issues.append(bad_line(code, str(self.labels), line.line, message))


def _judged(record: Record, line: PredictedLine) -> Record:
    if line.y_true == NORMAL:
        return evolve(record, label=NORMAL, labelled=True, defect=None, mask_path=None)
    split = "test" if record.split in {"train", "val"} else record.split
    defect = line.defect or record.defect
    return evolve(record, label=ANOMALOUS, labelled=True, defect=defect, split=split)
