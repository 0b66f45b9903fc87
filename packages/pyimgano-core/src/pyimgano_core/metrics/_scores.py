"""Scores as the metrics take them: finite, and float32 or float64 without loss."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.floating]


class NonFiniteScoresError(ValueError):
    """Scores hold NaN or infinity, so that no rank and no verdict can be trusted.

    Attributes:
        count: how many of them.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(count)

    def __str__(self) -> str:
        return f"{self.count} of the scores are NaN or infinite"


def as_scores(values: npt.ArrayLike) -> Scores:
    """Return `values` as float32 where that holds them exactly, else as float64.

    Args:
        values: any shape, of real numbers: float16, float32, float64, uint8, … The result shares memory with
            an array that needs no conversion.

    Raises:
        NonFiniteScoresError: some are NaN or infinite.
        TypeError: they are no real numbers, or wider than float64.
    """
    array = np.asarray(values)
    if not np.can_cast(array.dtype, np.float64):
        raise TypeError(f"scores are real numbers of at most 64 bits, not {array.dtype}")
    exact = np.can_cast(array.dtype, np.float32)
    scores: Scores = array.astype(np.float32 if exact else np.float64, copy=False)
    finite = np.isfinite(scores)
    if not finite.all():
        raise NonFiniteScoresError(int(scores.size - np.count_nonzero(finite)))
    return scores


def check_mask(scores: Scores, mask: npt.NDArray[np.bool_]) -> None:
    """Refuse a mask that is not the bool twin of a score map (H, W).

    Raises:
        ValueError: the shapes differ, the map is not two-dimensional, or the mask is not bool.
    """
    if scores.shape != mask.shape:
        raise ValueError(f"scores {scores.shape} and mask {mask.shape} differ in shape")
    if mask.ndim != 2 or mask.dtype != np.bool_:  # noqa: PLR2004 - height and width
        raise ValueError(f"a mask is (H, W) of bool, not {mask.shape} of {mask.dtype}")
