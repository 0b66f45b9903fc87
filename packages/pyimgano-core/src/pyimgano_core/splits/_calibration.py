"""The normals that set the threshold: the `val` records, else some train images, never a fitted one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.splits._draw import draw_groups
from pyimgano_core.splits._issues import split_issue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.split import CalibrationFallback, CategorySplit

_LEAST_TO_DIVIDE = 2


def hold_out(
    groups: Mapping[str, Sequence[int]], fraction: float, key: str
) -> tuple[set[int], CalibrationFallback | None]:
    """Choose which train images calibrate instead.

    Whole groups are drawn until `fraction` of the images is reached, never more than half of them. A single
    group has to be divided, which is told.

    Args:
        groups: train images by group.
        fraction: the share to hold out, in (0, 1); rounded up.
        key: what the draw depends on.

    Returns:
        The images held out, and the fallback taken, if any.
    """
    members = [member for group in groups.values() for member in group]
    count = len(members)
    if count < _LEAST_TO_DIVIDE:
        return set(), "too_few_normals"
    most = count // 2
    target = min(most, math.ceil(count * fraction))
    if len(groups) == 1:
        return draw_groups({str(i): [i] for i in members}, target, most, key), "single_group"
    return draw_groups(groups, target, most, key), None


def needed_normals(quantile: float) -> int:
    """Return how many calibration normals a quantile needs in order to lie below their maximum."""
    return math.ceil(1.0 / (1.0 - quantile) - 1e-9) if quantile < 1.0 else 1


def calibration_issue(split: CategorySplit, quantile: float) -> Issue | None:
    """Return a warning where there are too few calibration images for a threshold at `quantile`."""
    needed = needed_normals(quantile)
    count = len(split.calibration)
    if count >= needed:
        return None
    return split_issue(
        "PF710",
        Severity.WARNING,
        f"category {split.category!r} has {count} calibration images, and the {quantile:g} quantile needs "
        f"{needed}: add normal images (split val), or lower threshold.quantile",
        category=split.category,
        data={"calibration": count, "needed": needed, "quantile": quantile},
    )
