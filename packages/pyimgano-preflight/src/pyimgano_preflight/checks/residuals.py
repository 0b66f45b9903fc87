"""How much two images differ, whatever their size and mean brightness: what confirms a near-duplicate."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.images import decode, grey_of, opened_stream
from pyimgano_preflight.facts._bytes import UnusableFileError, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pyimgano_core.progress import Progress

_SIDE = 64
_REDUCED_SIDE = 256
_FEWEST_FOR_USUAL = 8


class SmallPictures:
    """Images at 64 x 64 grey values, less their mean; those that can't be read are left out.

    Args:
        paths: the images by their numbers.
        sixteen_bit_range: as in `read_image`.
        progress: shows the reading.
    """

    def __init__(
        self, paths: dict[int, Path], sixteen_bit_range: tuple[int, int], progress: Progress
    ) -> None:
        def read(path: Path) -> NDArray[np.float32] | None:
            return _small_picture(path, sixteen_bit_range)

        found = progress.track(map_ordered(read, paths.values()), "comparing images", len(paths))
        pictures = zip(paths, found, strict=True)
        self._pictures = {number: picture for number, picture in pictures if picture is not None}

    def has(self, numbers: Iterable[int]) -> bool:
        """Return whether all these images were read."""
        return all(number in self._pictures for number in numbers)

    def residual(self, first: int, second: int) -> float:
        """Return the root mean square of the difference of two images, in grey levels."""
        difference = self._pictures[first] - self._pictures[second]  # (4096,)
        return float(np.sqrt(np.dot(difference, difference) / difference.size))

    def usual_residual(self, numbers: Sequence[int]) -> float:
        """Return the median residual among these images, infinite where they are too few to say."""
        known = [number for number in numbers if number in self._pictures]
        if len(known) < _FEWEST_FOR_USUAL:
            return float("inf")
        return float(np.median([self.residual(i, j) for i, j in combinations(known, 2)]))


def _small_picture(path: Path, sixteen_bit_range: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return (4096,) grey values, or None where the image can't be read: other rules tell of that."""
    try:
        with open_regular(str(path)) as file, file.stream() as stream, opened_stream(path, stream) as image:
            image.draft("L", (_REDUCED_SIDE, _REDUCED_SIDE))  # a JPEG is decoded to grey, and to less
            decode(image)
            grey = grey_of(path, image, sixteen_bit_range)
    except (ImageError, UnusableFileError):
        return None
    grey = grey.reduce(max(1, min(grey.size) // _REDUCED_SIDE))  # what is rounded here averages out below
    resized = grey.convert("F").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    values = np.asarray(resized, np.float32).ravel()  # (4096,)
    return values - np.float32(values.mean())
