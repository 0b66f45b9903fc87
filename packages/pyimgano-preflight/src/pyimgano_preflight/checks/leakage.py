"""Leakage that groups tell of: categories of which only a part is grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.manifest import columns_of
from pyimgano_core.words import agree
from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection


def group_partial_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the categories of which some records name a group and others none."""
    for category in inspection.prepared.categories:
        roles = [samples for _, samples in category.split.by_role]
        alone = [np.flatnonzero(columns_of(samples).group < 0) for samples in roles]
        count, without = sum(map(len, roles)), sum(map(len, alone))
        if 0 < without < count:
            samples, places = next(pair for pair in zip(roles, alone, strict=True) if pair[1].size)
            yield _partial_issue(samples[int(places[0])], without, count)


def _partial_issue(first: Sample, alone: int, count: int) -> Issue:
    have = agree(alone, "has", "have")
    return sample_issue(
        "PF608",
        first,
        f"has no group_id: {alone} of {count} records of category {first.record.category!r} {have} none; "
        "each counts as a group of its own, and may be split from images of its part",
        field="group_id",
        data={"without": alone, "count": count},
    )
