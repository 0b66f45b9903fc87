"""How much two images differ, whatever their size and mean brightness: what confirms a near-duplicate."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_preflight.facts import PICTURE_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_FEWEST_FOR_USUAL = 8


class SmallPictures:
    """The small pictures of some images, as `pyimgano_preflight.facts.read_picture` makes them.

    Args:
        pictures: int16 (4096,) each, by the numbers of the images; None for one that can't be read.
    """

    def __init__(self, pictures: Mapping[int, NDArray[np.int16] | None]) -> None:
        self._pictures = {number: picture for number, picture in pictures.items() if picture is not None}

    def has(self, numbers: Iterable[int]) -> bool:
        """Return whether all these images were read."""
        return all(number in self._pictures for number in numbers)

    def residual(self, first: int, second: int) -> float:
        """Return the root mean square of the difference of two images, in grey levels."""
        difference = np.subtract(self._pictures[first], self._pictures[second], dtype=np.float32)  # (4096,)
        return float(np.sqrt(np.einsum("i,i", difference, difference) / difference.size)) * PICTURE_STEP

    def contrast(self, number: int) -> float:
        """Return the standard deviation of an image, in grey levels."""
        return float(self._pictures[number].std()) * PICTURE_STEP

    def usual_residual(self, numbers: Sequence[int]) -> float:
        """Return the median residual among these images, infinite where they are too few to say."""
        known = [number for number in numbers if number in self._pictures]
        if len(known) < _FEWEST_FOR_USUAL:
            return float("inf")
        return float(np.median([self.residual(i, j) for i, j in combinations(known, 2)]))
