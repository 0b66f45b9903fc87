"""Scores as the metrics take them: finite, and float32 or float64 without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pyimgano_core.words import agree

if TYPE_CHECKING:
    from collections.abc import Sequence

Scores: TypeAlias = npt.NDArray[np.floating]

_EXACT_BYTES = 4  # float64 holds all integers of that size
_LARGEST = 1 << 53


class NonFiniteScoresError(ValueError):
    """Scores hold NaN or infinity, so that no rank and no verdict can be trusted.

    Attributes:
        count: how many of them.
        name: of the first image that has any, where it is known.
    """

    def __init__(self, count: int, name: str | None = None) -> None:
        self.count = count
        self.name = name
        super().__init__(count, name)

    def __str__(self) -> str:
        where = "" if self.name is None else f", the first in {self.name!r}"
        return f"{self.count} of the scores {agree(self.count, 'is', 'are')} NaN or infinite{where}"


def as_scores(values: npt.ArrayLike, name: str | None = None) -> Scores:
    """Return `values` as float32 where that holds them exactly, else as float64.

    Args:
        values: any shape, of real numbers: float16, float32, float64, uint8, … The result shares memory with
            an array that needs no conversion.
        name: of their image, such as its path, for the message of an error.

    Raises:
        NonFiniteScoresError: some are NaN or infinite.
        TypeError: they are no real numbers, or wider than float64.
        ValueError: they are integers and one is beyond 2**53, where float64 takes neighbours for equal.
    """
    scores = _widen(values)
    finite = np.isfinite(scores)
    if not finite.all():
        raise NonFiniteScoresError(int(scores.size - np.count_nonzero(finite)), name)
    return scores


def as_image_scores(values: npt.ArrayLike, names: Sequence[str] | None = None) -> Scores:
    """Return one score per image, (N,), as `as_scores` does.

    Args:
        values: (N,), of real numbers.
        names: of the images, for the message of an error; by default `image 0` and so on.

    Raises:
        NonFiniteScoresError: some are NaN or infinite.
        TypeError: they are no real numbers, or wider than float64.
        ValueError: they are not one row, the names are fewer or more than they, or an integer is too large.
    """
    scores = _widen(values)
    if scores.ndim != 1:
        raise ValueError(f"scores {scores.shape} are not one row")
    if names is not None and len(names) != len(scores):
        raise ValueError(f"{len(names)} names and {len(scores)} scores are not two equally long rows")
    broken = np.flatnonzero(~np.isfinite(scores))
    if len(broken):
        first = int(broken[0])
        raise NonFiniteScoresError(len(broken), f"image {first}" if names is None else names[first])
    return scores


def as_anomalous(labels: npt.ArrayLike, *rows: Scores) -> npt.NDArray[np.bool_]:
    """Return which images are anomalous, (N,).

    Args:
        labels: (N,), 0 or False for normal, 1 or True for anomalous.
        rows: scores (N,) of the same images.

    Raises:
        ValueError: the shapes differ, or a label is neither 0 nor 1.
    """
    given = np.asarray(labels)
    for scores in rows:
        if scores.shape != given.shape:
            raise ValueError(f"scores {scores.shape} and labels {given.shape} are not two equally long rows")
    anomalous: npt.NDArray[np.bool_] = given == 1
    if not (anomalous | (given == 0)).all():
        raise ValueError("a label is neither 0 (normal) nor 1 (anomalous)")
    return anomalous


def check_label(name: str | None, *, anomalous: bool | None, defective: bool) -> None:
    """Raise ValueError where an image is labelled normal and its mask holds defects."""
    if defective and anomalous is not None and not anomalous:
        image = "an image" if name is None else f"image {name!r}"
        raise ValueError(f"{image} is labelled normal and its mask is not empty: mend one of them")


def check_mask(scores: Scores, mask: npt.NDArray[np.bool_]) -> None:
    """Refuse a mask that is not the bool twin of a score map (H, W).

    Raises:
        ValueError: the shapes differ, the map is not two-dimensional, or the mask is not bool.
    """
    if scores.shape != mask.shape:
        raise ValueError(f"scores {scores.shape} and mask {mask.shape} differ in shape")
    if mask.ndim != 2 or mask.dtype != np.bool_:  # noqa: PLR2004 - height and width
        raise ValueError(f"a mask is (H, W) of bool, not {mask.shape} of {mask.dtype}")


def check_counted(mask: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_] | None) -> None:
    """Refuse an account of which pixels count that is not the twin of the mask (H, W), or counts none.

    Raises:
        ValueError: the shapes differ, it is not bool, or no pixel counts.
    """
    if counted is None:
        return
    if counted.shape != mask.shape or counted.dtype != np.bool_:
        raise ValueError(f"counted is {mask.shape} of bool, not {counted.shape} of {counted.dtype}")
    if not counted.any():
        raise ValueError("no pixel of the image counts: leave the image out")


def _widen(values: npt.ArrayLike) -> Scores:
    array = np.asarray(values)
    if not np.can_cast(array.dtype, np.float64):
        raise TypeError(f"scores are real numbers of at most 64 bits, not {array.dtype}")
    if array.dtype.kind in "iu" and array.itemsize > _EXACT_BYTES and array.size:
        for extreme in (int(array.min()), int(array.max())):
            if abs(extreme) > _LARGEST:
                raise ValueError(
                    f"a score is {extreme}: beyond 2**53 float64 takes integers for equal; make them smaller"
                )
    exact = np.can_cast(array.dtype, np.float32)
    return array.astype(np.float32 if exact else np.float64, copy=False)
