"""The normals that set the threshold: the `val` records, else some train images, never a fitted one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.splits._draw import draw_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.contracts.split import CalibrationFallback
    from pyimgano_core.splits._members import Members

_LEAST_TO_DIVIDE = 2


def hold_out(
    groups: Members, fraction: float, key: str
) -> tuple[NDArray[np.int32], CalibrationFallback | None]:
    """Choose which train images calibrate instead.

    Whole groups are drawn until `fraction` of the images is reached, never more than half of them. A single
    group has to be divided, which is told.

    Args:
        groups: train images by group.
        fraction: the share to hold out, in (0, 1); rounded up.
        key: what the draw depends on.

    Returns:
        The images held out, (M,) in no order, and the fallback taken, if any.
    """
    count = len(groups.members)
    if count < _LEAST_TO_DIVIDE:
        return groups.members[:0], "too_few_normals"
    most = count // 2
    target = min(most, math.ceil(count * fraction))
    if len(groups.sizes) == 1:
        return groups.members[draw_groups(np.ones(count, np.int64), target, most, key)], "single_group"
    drawn = draw_groups(groups.sizes, target, most, key)
    return groups.members[np.repeat(drawn, groups.sizes)], None
