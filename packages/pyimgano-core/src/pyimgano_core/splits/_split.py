"""Divides every category of a data set, and collects what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.split import CalibrationSource, CategorySplit, SplitResult
from pyimgano_core.manifest import categories_of, columns_of, take
from pyimgano_core.splits._calibration import hold_out
from pyimgano_core.splits._groups import TEST, TRAIN, VAL, assign_groups
from pyimgano_core.splits._issues import split_issue
from pyimgano_core.splits._members import group_members
from pyimgano_core.words import images_in_words, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.config import SplitPolicy
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample

_FEW_SHOT = 16
_SHOWN_GROUPS = 20


def split_dataset(samples: Sequence[Sample], policy: SplitPolicy, seed: int) -> SplitResult:
    """Divide each category into train, calibration and test.

    Args:
        samples: all samples; their order is kept within each role.
        policy: shares, and whether a group may stand on two sides.
        seed: the run's seed, used where the policy has none.

    Returns:
        Every sample in exactly one role, even where there are errors, and the issues.
    """
    seed = seed if policy.seed is None else policy.seed
    issues: list[Issue] = []
    categories = tuple(
        _split_category(category, take(samples, indices), policy, seed, issues)
        for category, indices in categories_of(samples).items()
    )
    issues += _groups_across_categories(categories)
    issues += _case_clashes(categories)
    return SplitResult(categories=categories, issues=tuple(issues))


def _case_clashes(categories: tuple[CategorySplit, ...]) -> Iterator[Issue]:
    """Two names that differ by case alone would share a folder where the file system ignores case."""
    by_folded: dict[str, str] = {}
    for category in (split.category for split in categories):
        other = by_folded.setdefault(category.casefold(), category)
        if other != category:
            message = f"categories {other!r} and {category!r} differ by case alone; rename one"
            yield split_issue("PF702", Severity.ERROR, message, category=category)


def _split_category(
    category: str, samples: Sequence[Sample], policy: SplitPolicy, seed: int, issues: list[Issue]
) -> CategorySplit:
    key = f"{seed}:{category}"
    columns = columns_of(samples)
    assigned = assign_groups(samples, columns, policy, key)
    train, held_out, test = (
        np.flatnonzero(assigned.sides == side).astype(np.int32) for side in (TRAIN, VAL, TEST)
    )
    from_val = bool(held_out.size)
    fallback = None
    if not from_val:
        groups = group_members(columns.group, train)
        held_out, fallback = hold_out(groups, policy.calibration_fraction, f"{key}:calibration")
        train = np.setdiff1d(train, held_out, assume_unique=True)
    source: CalibrationSource = "val" if from_val else "train_holdout" if held_out.size else "none"
    split = CategorySplit(
        category=category,
        train=take(samples, train),
        calibration=take(samples, np.sort(held_out)),
        test=take(samples, test),
        calibration_source=source,
        calibration_fallback=fallback,
        group_conflicts=assigned.conflicts,
    )
    anomalous = int(np.count_nonzero(columns.anomalous))  # all of them are tested
    issues += [*assigned.issues, *_count_issues(split, anomalous)]
    return split


def _count_issues(split: CategorySplit, anomalous: int) -> Iterator[Issue]:
    category = split.category
    fitted = len(split.train)
    if not fitted:
        message = f"category {category!r} has no normal images to train on"
        yield split_issue("PF706", Severity.ERROR, message, category=category)
    elif fitted < _FEW_SHOT:
        images = images_in_words(fitted)
        message = f"category {category!r} trains on {images} only"
        yield split_issue("PF707", Severity.WARNING, message, category=category, data={"train": fitted})
    if not split.test:
        message = f"category {category!r} has no test images: nothing can be measured"
        yield split_issue("PF709", Severity.WARNING, message, category=category)
    elif anomalous == len(split.test):
        message = f"category {category!r} has no normal test images: false alarms can't be measured"
        yield split_issue("PF709", Severity.WARNING, message, category=category)
    elif not anomalous:
        message = f"category {category!r} has no anomalous test images: detection can't be measured"
        yield split_issue("PF708", Severity.WARNING, message, category=category)


def _groups_across_categories(splits: Sequence[CategorySplit]) -> Iterator[Issue]:
    """Warn of groups that one category learns from and another is tested on: each has its own model."""
    learnt: dict[str, str] = {}
    for split in splits:
        learnt.update(dict.fromkeys((*_groups(split.train), *_groups(split.calibration)), split.category))
    shared = {
        group: (learnt[group], split.category)
        for split in splits
        for group in _groups(split.test)
        if learnt.get(group, split.category) != split.category
    }
    if shared:
        group, (learner, tested) = next(iter(shared.items()))
        yield split_issue(
            "PF606",
            Severity.WARNING,
            f"{number_of(len(shared), 'group is', 'groups are')} learnt from in one category and tested in "
            f"another, such as {group!r} ({learner!r}, {tested!r}): each category has its own model, so this "
            "is no error",
            data={"groups": list(shared)[:_SHOWN_GROUPS], "count": len(shared)},
        )


def _groups(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return the names of all groups, in order of appearance."""
    columns = columns_of(samples)
    _, first = np.unique(columns.group[columns.group >= 0], return_index=True)
    codes = columns.group[columns.group >= 0][np.sort(first)]
    return tuple(columns.names[code] for code in codes.tolist())
