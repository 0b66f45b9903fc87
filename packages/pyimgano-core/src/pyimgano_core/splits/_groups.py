"""Which side each record of a category belongs to: a group's records go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.splits._draw import draw_groups
from pyimgano_core.splits._issues import split_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample, Split


@define(frozen=True, kw_only=True)
class Assignment:
    """One side per sample, the groups on two sides, and the issues."""

    sides: tuple[Split, ...]
    conflicts: tuple[str, ...]
    issues: tuple[Issue, ...]


def group_members(samples: Sequence[Sample], indices: Iterable[int]) -> dict[str, list[int]]:
    """Return the indices by group, in order of appearance; a sample without a group is its own."""
    groups: dict[str, list[int]] = {}
    for i in indices:
        group_id = samples[i].record.group_id
        groups.setdefault(f"single:{i}" if group_id is None else f"group:{group_id}", []).append(i)
    return groups


def assign_groups(category: str, samples: Sequence[Sample], policy: SplitPolicy, key: str) -> Assignment:
    """Give every sample of one category its side.

    An explicit split of any member is the whole group's. A group without one is test where it holds an
    anomaly; of the others a seeded share is test, and train is never emptied. A group with two explicit splits
    is a conflict: its members keep their own, and the rest of it is test.
    """
    sides: dict[int, Split] = {}
    undecided: dict[str, list[int]] = {}
    conflicts: list[str] = []
    issues: list[Issue] = []
    for name, members in group_members(samples, range(len(samples))).items():
        side = _group_side(samples, members)
        if side is None:
            undecided[name] = members
            continue
        if side == "conflict":
            conflicts.append(name.partition(":")[2])
            issues.append(_conflict_issue(category, conflicts[-1], samples, members, policy))
        sides.update(_member_sides(samples, members, "test" if side == "conflict" else side))
        issues += _anomaly_issues(category, samples, members, side)
    sides |= _draw_test(undecided, policy.test_normal_fraction, key, may_empty="train" in sides.values())
    return Assignment(
        sides=tuple(sides[i] for i in range(len(samples))), conflicts=tuple(conflicts), issues=tuple(issues)
    )
