"""Which line of a predictions file belongs to which sample of a manifest."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_core.contracts.evaluation import Matching
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import SampleKey
from pyimgano_core.predictions._issues import bad_line, counted
from pyimgano_core.predictions._line import PredictedLine
from pyimgano_core.predictions._suffixes import SuffixIndex, names_of
from pyimgano_core.words import agree, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.predictions._reader import PredictionsFile


@define(frozen=True, kw_only=True)
class Matched:
    """The lines by the sample that they belong to; samples are told apart by their `key`."""

    counts: Matching
    issues: tuple[Issue, ...]
    _by_sample: dict[SampleKey, PredictedLine] = field(alias="by_sample")

    def line_of(self, sample: Sample) -> PredictedLine | None:
        """Return the line of a sample, or None where it has none."""
        return self._by_sample.get(sample.key)


def match_predictions(
    file: PredictionsFile, samples: Sequence[Sample], folders: Sequence[Path], *, by_suffix: bool = True
) -> Matched:
    """Find the sample of each line, and collect the lines that have none, or several.

    A line means the sample of the same path as text; else the sample of the same file, a relative path
    starting from one of `folders`; else the sample of which one path is the end of the other. A line of a
    category that the samples have belongs to that category.

    Args:
        file: the lines.
        samples: those of all roles, so that predictions of train images are not taken for unknown ones.
        folders: where relative paths of lines may start, the likeliest first.
        by_suffix: whether the ends of paths count: not where samples are known by no more than a line.
    """
    finder = _Finder(samples, folders, by_suffix=by_suffix)
    by_sample: dict[SampleKey, PredictedLine] = {}
    issues: list[Issue] = []
    unmatched: list[str] = []
    ambiguous: list[str] = []
    ways: dict[str, int] = defaultdict(int)
    for line in file.lines:
        way, found = finder.find(line)
        if len(found) != 1:
            (ambiguous if found else unmatched).append(line.input)
            continue
        first = by_sample.setdefault(found[0].key, line)
        if first is not line:
            message = f"{line.input!r} is the image of line {first.line} already: that one counts"
            issues.append(bad_line("EV105", str(file.path), line.line, message))
            continue
        ways[way] += 1
    issues += _unplaced(unmatched, ambiguous)
    counts = Matching(**ways, unmatched=len(unmatched), ambiguous=len(ambiguous))
    return Matched(by_sample=by_sample, counts=counts, issues=tuple(issues))


def _unplaced(unmatched: list[str], ambiguous: list[str]) -> Iterator[Issue]:
    if unmatched:
        are = number_of(len(unmatched), "prediction is of an image", "predictions are of images")
        do = agree(len(unmatched), "doesn't", "don't")
        message = f"{are} that the manifest does not name, and {do} count"
        yield counted("EV201", Severity.WARNING, message, unmatched)
    if ambiguous:
        fit = number_of(len(ambiguous), "prediction fits", "predictions fit")
        do = agree(len(ambiguous), "doesn't", "don't")
        message = f"{fit} several images of the manifest, and {do} count; write longer paths"
        yield counted("EV202", Severity.WARNING, message, ambiguous)


class _Finder:
    """Looks up the samples that a line may mean, the surest way first."""

    def __init__(self, samples: Sequence[Sample], folders: Sequence[Path], *, by_suffix: bool) -> None:
        self._samples = samples
        self._folders = folders
        self._categories = {sample.record.category for sample in samples}
        self._by_text: dict[str, list[Sample]] = defaultdict(list)
        self._by_file: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._by_text[sample.record.image_path].append(sample)
            self._by_file[os.path.realpath(sample.image)].append(sample)
        texts = [sample.record.image_path for sample in samples] if by_suffix else []
        self._suffixes = SuffixIndex([names_of(text) for text in texts])

    def find(self, line: PredictedLine) -> tuple[str, list[Sample]]:
        """Return how the samples were found, as the counts call it, and the samples."""
        if found := self._of_category(self._by_text.get(line.input, []), line):
            return "by_text", found
        for path in self._paths(line):
            if found := self._of_category(self._by_file.get(path, []), line):
                return "by_file", found
        ends = [self._samples[index] for index in self._suffixes.find(names_of(line.input))]
        return "by_suffix", self._of_category(ends, line)

    def _of_category(self, samples: Sequence[Sample], line: PredictedLine) -> list[Sample]:
        if line.category not in self._categories:
            return list(samples)
        return [sample for sample in samples if sample.record.category == line.category]

    def _paths(self, line: PredictedLine) -> Iterator[str]:
        text = line.input.replace("\\", "/")
        return (os.path.realpath(folder / text) for folder in self._folders)
