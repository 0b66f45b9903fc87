"""Which side each record of a category belongs to: a group's records go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import ANOMALOUS, Split
from pyimgano_core.splits._draw import draw_groups
from pyimgano_core.splits._issues import split_issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.contracts.record import Record, Sample

_GROUP = "group:"


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
        groups.setdefault(f"single:{i}" if group_id is None else f"{_GROUP}{group_id}", []).append(i)
    return groups


def assign_groups(category: str, samples: Sequence[Sample], policy: SplitPolicy, key: str) -> Assignment:
    """Give every sample of one category its side.

    An explicit split of any member is the whole group's. A group without one is test where it holds an
    anomaly; of the others a seeded share is test, and train is never emptied. A group with two explicit
    splits is a conflict: its members keep their own, and the rest of it is test.
    """
    sides: dict[int, Split] = {}
    undecided: dict[str, list[int]] = {}
    conflicts: list[str] = []
    issues: list[Issue] = []
    for name, members in group_members(samples, range(len(samples))).items():
        records = [samples[i].record for i in members]
        explicit = {record.split for record in records if record.split is not None}
        if not explicit and all(record.label != ANOMALOUS for record in records):
            undecided[name] = members
            continue
        conflict = len(explicit) > 1
        if conflict:
            conflicts.append(name.removeprefix(_GROUP))
            issues.append(_conflict(category, conflicts[-1], [samples[i] for i in members], policy))
        side: Split = "test" if conflict or not explicit else explicit.pop()
        issues += _misplaced_anomalies(category, [samples[i] for i in members], side)
        sides.update({i: _member_side(samples[i].record, side, conflict=conflict) for i in members})
    sides |= _draw_test(undecided, policy.test_normal_fraction, key, keep_one="train" not in sides.values())
    return Assignment(
        sides=tuple(sides[i] for i in range(len(samples))), conflicts=tuple(conflicts), issues=tuple(issues)
    )


def _member_side(record: Record, side: Split, *, conflict: bool) -> Split:
    if record.label == ANOMALOUS:
        return "test"
    return (record.split or "test") if conflict else side


def _draw_test(
    groups: Mapping[str, Sequence[int]], fraction: float, key: str, *, keep_one: bool
) -> dict[int, Split]:
    count = sum(map(len, groups.values()))
    target = min(math.ceil(count * fraction), max(1, count - 1))
    drawn = draw_groups(groups, target, count - 1 if keep_one else count, key)
    return {i: "test" if i in drawn else "train" for members in groups.values() for i in members}


def _conflict(category: str, group: str, members: Sequence[Sample], policy: SplitPolicy) -> Issue:
    sides = sorted({sample.record.split for sample in members if sample.record.split is not None})
    allowed = policy.group_conflict == "allow"
    advice = (
        "allowed by dataset.split_policy.group_conflict"
        if allowed
        else 'give them one split, or set dataset.split_policy.group_conflict = "allow"'
    )
    return split_issue(
        "PF606",
        Severity.WARNING if allowed else Severity.ERROR,
        f"group {group!r} of category {category!r} has images in {' and '.join(sides)}: {advice}",
        category=category,
        samples=members,
        data={"group": group, "splits": sides},
    )


def _misplaced_anomalies(category: str, members: Sequence[Sample], side: Split) -> Iterator[Issue]:
    anomalous = [sample for sample in members if sample.record.label == ANOMALOUS]
    own = [sample for sample in anomalous if sample.record.split in {"train", "val"}]
    if own:
        message = (
            f"category {category!r} has {len(own)} anomalous images in train or val: only test may hold them"
        )
        yield split_issue("PF705", Severity.ERROR, message, category=category, samples=own)
    elif anomalous and side != "test":
        group = anomalous[0].record.group_id
        yield split_issue(
            "PF607",
            Severity.ERROR,
            f"group {group!r} of category {category!r} is in {side} and holds {len(anomalous)} anomalies: "
            "give the whole group the split test",
            category=category,
            samples=anomalous,
            data={"group": group},
        )
