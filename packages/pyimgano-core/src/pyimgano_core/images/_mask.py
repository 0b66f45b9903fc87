"""Read a ground-truth mask: which pixels belong to a defect.

Masks are stored in many ways: 0 and 255, 0 and 1, class numbers, palettes, colours, transparent layers. One
rule reads them all: black and the wholly transparent are background, all else is defect.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from pyimgano_core.errors import ImageError
from pyimgano_core.images._file import decode, opened
from pyimgano_core.images._orientation import find_orientation, turn
from pyimgano_core.images._pixels import is_sixteen_bit_colour, is_sixteen_bit_grey, require_eight_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

_MIDDLE_GREY = 127
_LOSSY_FORMATS = ("JPEG", "MPO")


def read_mask(path: Path | str) -> NDArray[np.bool_]:
    """Return where the mask marks a defect.

    A pixel is defect where any of its colours is not 0: so 0/1 masks and class numbers count in full, and a
    palette counts by its colours, not by its indices. Where alpha varies over the image, wholly transparent
    pixels are background; if the colour is the same all over, alpha alone decides. JPEG blurs the border of a
    mask with small values, so there a pixel is defect above middle grey. EXIF orientation is applied.

    Args:
        path: the file.

    Returns:
        bool (H, W).

    Raises:
        ImageError: the file can't be used; `code` says why.
    """
    path = Path(path)
    with opened(path) as (image, stream):
        orientation = find_orientation(image, stream)
        return cast("NDArray[np.bool_]", turn(marks_of(path, image), orientation))


def read_mask_for(path: Path | str, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of an image whose upright size is `size`, as (height, width).

    Raises:
        ImageError: as `read_mask`; `size_mismatch` where the sizes differ, for masks are never resized.
    """
    mask = read_mask(path)
    if mask.shape != tuple(size):
        height, width = mask.shape
        message = f"is a mask of {width}x{height} pixels for an image of {size[1]}x{size[0]}"
        raise ImageError("size_mismatch", path, message)
    return mask


def marks_of(path: Path, image: Image.Image) -> NDArray[np.bool_]:
    """Decode an opened mask and return what it marks, by the rule of `read_mask`, before it is turned.

    Args:
        path: named in errors.
        image: opened and not yet decoded.

    Returns:
        bool (H, W).

    Raises:
        ImageError: `unsupported_mode`.
    """
    marks: NDArray[np.bool_]
    deep_colour = is_sixteen_bit_colour(image)
    decode(image)
    if image.mode == "I" or is_sixteen_bit_grey(image):
        marks = np.asarray(image) != 0
        return marks
    require_eight_bit(path, image.mode)
    if deep_colour:
        raise ImageError("unsupported_mode", path, "is a mask in 16-bit colour; save it as 8-bit or grey")
    if image.format in _LOSSY_FORMATS:
        marks = np.asarray(image.convert("L")) > _MIDDLE_GREY
    elif image.mode in ("1", "L") and "transparency" not in image.info:
        marks = np.asarray(image) != 0
    else:
        marks = _by_colour_and_alpha(np.asarray(image.convert("RGBA")))
    return marks


def _by_colour_and_alpha(rgba: NDArray[np.uint8]) -> NDArray[np.bool_]:
    colour, alpha = rgba[:, :, :3], rgba[:, :, 3]
    marks: NDArray[np.bool_] = np.any(colour != 0, axis=2)
    if (alpha == alpha[0, 0]).all():
        return marks
    shown: NDArray[np.bool_] = alpha != 0
    return shown if (colour == colour[0, 0]).all() else marks & shown
