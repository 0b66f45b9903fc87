"""The region of interest of images: it is a mask, fits images of any size, and blanks what lies outside.

What lies outside is painted in one grey before anything else looks at the image, at training and inference
alike: a detector learns the grey as normal, and whatever stands there can't change a score.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pyimgano_core.errors import ImageError
from pyimgano_core.images._file import opened_stream
from pyimgano_core.images._mask import marks_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pyimgano_core.contracts.image_file import ImageFile

OUTSIDE_GREY = 128


def fit_interest(
    interest: NDArray[np.bool_], size: tuple[int, int], path: ImageFile | str
) -> NDArray[np.bool_]:
    """Return the region at an image's size, by nearest neighbour.

    Args:
        interest: bool (h, w), True where images are looked at.
        size: the upright image's (H, W).
        path: of the image, named in errors.

    Returns:
        bool (H, W).

    Raises:
        ImageError: `region_mismatch` where the image has other proportions, by more than the rounding of a
            pixel, or where nothing of it is left.
    """
    (height, width), (rows, columns) = interest.shape, size
    if abs(rows * width - columns * height) > max(height, width, rows, columns):
        message = (
            f"is an image of {columns}x{rows} pixels, its region of interest is {width}x{height}: "
            "the proportions differ; draw the region on an image of this camera"
        )
        raise ImageError("region_mismatch", path, message)
    inside = interest[_nearest(height, rows)[:, None], _nearest(width, columns)]  # (H, W)
    if not inside.any():
        message = f"is an image of {columns}x{rows} pixels, at which its region of interest has none"
        raise ImageError("region_mismatch", path, message)
    return inside


def _nearest(length: int, wanted: int) -> NDArray[np.intp]:
    """Return which of `length` pixels holds the centre of each of `wanted` pixels."""
    return (2 * np.arange(wanted) + 1) * length // (2 * wanted)


def paint_outside(image: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) with grey where `inside` (H, W) is False."""
    return np.where(inside[:, :, None], image, np.uint8(OUTSIDE_GREY))


def lower_outside(score_map: NDArray[np.floating], inside: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Return a score map (H, W) that is 0 outside, or the lowest value inside where that is below 0."""
    lowest = min(0.0, float(score_map[inside].min()))
    return np.where(inside, score_map, score_map.dtype.type(lowest))


def encode_interest(interest: NDArray[np.bool_]) -> bytes:
    """Return a region (H, W) as the bytes of an 8-bit PNG: 255 where images are looked at, else 0."""
    stream = io.BytesIO()
    Image.fromarray(interest.astype(np.uint8) * np.uint8(255)).save(stream, format="PNG")
    return stream.getvalue()


def decode_interest(content: bytes, path: Path) -> NDArray[np.bool_]:
    """Return the region (H, W) in the bytes of the file `path`.

    Raises:
        ImageError: they are no mask.
    """
    with opened_stream(path, io.BytesIO(content)) as image:
        return marks_of(path, image)
