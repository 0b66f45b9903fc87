"""Leakage that names and groups tell of: half-grouped categories, and neighbouring frames on two sides."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_preflight._inspection import Inspection

    Series = dict[str, dict[int, Sample]]

_LAST_NUMBER = re.compile(r"(.*?)([0-9]+)([^0-9/\\]*)", re.DOTALL)
_FEWEST_NEIGHBOURS = 3
_LEAST_SHARE = 0.25
_SHOWN_PATHS = 20


def group_partial_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories of which some records name a group and others none."""
    for category in inspection.prepared.categories:
        samples = [sample for _, of_role in category.split.by_role for sample in of_role]
        alone = [sample for sample in samples if sample.record.group_id is None]
        if 0 < len(alone) < len(samples):
            first = alone[0].record
            yield sample_issue(
                "PF608",
                alone[0],
                f"has no group_id, as {len(alone)} of {len(samples)} records of category {first.category!r}: "
                "each counts as a group of its own, and may be split from images of its part",
                field="group_id",
                data={"without": len(alone), "count": len(samples)},
            )


def time_adjacent_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories whose normal test images are numbered next to images that are learnt from."""
    for category in inspection.prepared.categories:
        split = category.split
        tested = [sample for sample in split.test if sample.record.label != ANOMALOUS]
        pairs = list(_neighbours(split, tested))
        if len(pairs) >= max(_FEWEST_NEIGHBOURS, _LEAST_SHARE * len(tested)):
            yield _adjacent_issue(split.category, pairs, len(tested))


def _neighbours(split: CategorySplit, tested: Iterable[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """Yield each test image that has a neighbour among the learnt ones, and that neighbour."""
    learnt = _series((*split.train, *split.calibration))
    for series, frames in _series(tested).items():
        known = learnt.get(series, {})
        for number, sample in frames.items():
            beside = next((near for near in (number - 1, number + 1) if near in known), None)
            if beside is not None:
                yield sample, known[beside]


def _series(samples: Iterable[Sample]) -> Series:
    """Return the samples by their names less the last number, and by that number.

    Records of a group are left out: their author has said what belongs together.
    """
    series: Series = defaultdict(dict)
    for sample in samples:
        found = _LAST_NUMBER.fullmatch(sample.record.image_path)
        if found is not None and sample.record.group_id is None:
            series[f"{found[1]}#{found[3]}"].setdefault(int(found[2]), sample)
    return series


def _adjacent_issue(category: str, pairs: list[tuple[Sample, Sample]], count: int) -> Issue:
    one, other = pairs[0]
    shown = (sample.record.image_path for pair in pairs[: _SHOWN_PATHS // 2] for sample in pair)
    return rule_issue(
        "PF609",
        f"category {category!r}: {len(pairs)} of {count} normal test images are numbered next to an image "
        f"that is learnt from, such as {one.record.image_path!r} and {other.record.image_path!r}; if the "
        "numbers are moments of one recording, give its images one group_id",
        paths=tuple(dict.fromkeys(shown)),
        category=category,
        data={"adjacent": len(pairs), "normals": count},
    )
