"""What a method gives: a value, and how it came to it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.contracts.config import ThresholdMethod

Scores: TypeAlias = npt.NDArray[np.floating]


@define(frozen=True, kw_only=True)
class Found:
    """A threshold's value. `rank` is that of the score that it lies just above, where it is a score's."""

    method: ThresholdMethod
    value: float
    rank: int | None = None
    parameters: dict[str, float]
    warnings: tuple[str, ...] = ()
