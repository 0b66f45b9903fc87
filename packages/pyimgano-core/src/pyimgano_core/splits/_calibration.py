"""The normals that set the threshold: the `val` records, else some train images, never a fitted one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyimgano_core.splits._draw import draw_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_core.contracts.split import CalibrationFallback

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
