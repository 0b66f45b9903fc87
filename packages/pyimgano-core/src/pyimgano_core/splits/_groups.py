"""Which side each record of a category belongs to: a group's records go together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from attrs import define
from numpy.typing import NDArray

from pyimgano_core.contracts.config import SplitPolicy
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.record import Sample
from pyimgano_core.manifest import SPLITS, Columns
from pyimgano_core.splits._draw import draw_groups
from pyimgano_core.splits._issues import split_issue
from pyimgano_core.splits._members import Members, group_members
from pyimgano_core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.record import Split

TRAIN: Final = SPLITS.index("train")
VAL: Final = SPLITS.index("val")
TEST: Final = SPLITS.index("test")
# Which splits the records of a group name, as bits; and the side of a group that names one split.
_BITS = np.array([0 if split is None else 1 << code for code, split in enumerate(SPLITS)], np.uint8)
_SIDES = np.array([TEST] * (2 * int(_BITS.max())), np.uint8)
_SIDES[_BITS[[TRAIN, VAL, TEST]]] = [TRAIN, VAL, TEST]


@define(frozen=True, kw_only=True, eq=False)
class Assignment:
    """One side per sample, as a place in `SPLITS`, the groups on two sides, and the issues."""

    sides: NDArray[np.uint8]  # (N,)
    conflicts: tuple[str, ...]
    issues: tuple[Issue, ...]


def assign_groups(samples: Sequence[Sample], columns: Columns, policy: SplitPolicy, key: str) -> Assignment:
    """Give every sample of one category its side.

    An explicit split of any member is the whole group's. A group without one is test where it holds an
    anomaly; of the others a seeded share is test, and train is never emptied. A group with two explicit
    splits is a conflict: its members keep their own, and the rest of it is test.
    """
    groups = group_members(columns.group, np.arange(len(samples), dtype=np.int32))
    named = np.bitwise_or.reduceat(_BITS[columns.split[groups.members]], groups.starts)  # (G,)
    anomalous = np.logical_or.reduceat(columns.anomalous[groups.members], groups.starts)  # (G,)
    conflict = np.bitwise_count(named) > 1
    undecided = (named == 0) & ~anomalous
    side = _SIDES[named]  # (G,)
    sides = np.empty(len(samples), np.uint8)
    sides[groups.members] = np.repeat(side, groups.sizes)
    torn = groups.members[np.repeat(conflict, groups.sizes)]
    sides[torn] = np.where(columns.split[torn] == 0, TEST, columns.split[torn])
    sides[columns.anomalous] = TEST
    keep_one = not (sides == TRAIN).any()
    drawn = _draw_test(groups.sizes[undecided], policy.test_normal_fraction, key, keep_one=keep_one)
    free = groups.members[np.repeat(undecided, groups.sizes)]
    sides[free] = np.repeat(drawn, groups.sizes[undecided])

    judged = _Judged(samples=samples, columns=columns, groups=groups, policy=policy)
    odd = np.flatnonzero(conflict | (anomalous & (side != TEST)) | judged.holds_misplaced())
    found = (
        judged.issues(number, SPLITS[side[number]], is_torn=bool(conflict[number])) for number in odd.tolist()
    )
    return Assignment(
        sides=sides,
        conflicts=tuple(judged.name(number) for number in np.flatnonzero(conflict).tolist()),
        issues=tuple(issue for issues in found for issue in issues),
    )


def _draw_test(sizes: NDArray[np.int64], fraction: float, key: str, *, keep_one: bool) -> NDArray[np.uint8]:
    """Return the sides of groups that may be either, (G,)."""
    count = int(sizes.sum())
    target = min(math.ceil(count * fraction), max(1, count - 1))
    drawn = draw_groups(sizes, target, count - 1 if keep_one else count, key)
    return np.where(drawn, TEST, TRAIN).astype(np.uint8)


@define(frozen=True, kw_only=True, eq=False)
class _Judged:
    """The groups of one category, to say what is wrong with them."""

    samples: Sequence[Sample]
    columns: Columns
    groups: Members
    policy: SplitPolicy

    def name(self, number: int) -> str:
        """Return the name of a group."""
        first = self.groups.of(number)[0]
        return self.columns.names[int(self.columns.group[first])]

    def holds_misplaced(self) -> NDArray[np.bool_]:
        """Return which groups hold an anomaly whose own split is train or val, (G,)."""
        misplaced = self.columns.anomalous & np.isin(self.columns.split, (TRAIN, VAL))
        found: NDArray[np.bool_] = np.logical_or.reduceat(misplaced[self.groups.members], self.groups.starts)
        return found

    def issues(self, number: int, side: Split | None, *, is_torn: bool) -> Iterator[Issue]:
        """Yield what is wrong with a group whose records are on `side`."""
        members = [self.samples[place] for place in self.groups.of(number).tolist()]
        category = members[0].record.category
        if is_torn:
            yield _conflict(category, self.name(number), members, self.policy)
        anomalous = [sample for sample in members if sample.record.label]
        own = [sample for sample in anomalous if sample.record.split in {"train", "val"}]
        if own:
            message = (
                f"category {category!r} has {number_of(len(own), 'anomalous image')} in train or val: "
                "only test may hold them"
            )
            yield split_issue("PF705", Severity.ERROR, message, category=category, samples=own)
        elif anomalous and side != "test":
            group = anomalous[0].record.group_id
            yield split_issue(
                "PF607",
                Severity.ERROR,
                f"group {group!r} of category {category!r} is in {side} and holds an anomaly: "
                "give the whole group the split test",
                category=category,
                samples=anomalous,
                data={"group": group},
            )


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
