"""Decode an image into 8-bit RGB, whatever its mode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from attrs import define
from numpy.typing import NDArray
from PIL import Image

from pyimgano_core.contracts.image_file import RemoteFile
from pyimgano_core.errors import ImageError
from pyimgano_core.images._file import decode, opened
from pyimgano_core.images._orientation import find_orientation, turn, turned_size

if TYPE_CHECKING:
    from pyimgano_core.contracts.image_file import ImageFile

FULL_RANGE = (0, 65535)

_EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B")
# These two give 16-bit grey as 32-bit integers; elsewhere the mode means real 32-bit values.
_SIXTEEN_BIT_AS_I = ("PNG", "PPM")
_WITH_PREVIEWS = "MPO"


def read_image(
    path: ImageFile | str, *, sixteen_bit_range: tuple[int, int] = FULL_RANGE
) -> NDArray[np.uint8]:
    """Return the image as RGB, upright.

    Rules: EXIF orientation is applied; a palette becomes its colours; alpha is dropped and the colour under
    it kept; grey is replicated; one bit becomes 0 or 255; CMYK is converted without a profile; of several
    frames the first is read. 16-bit grey maps linearly, rounded and clipped, from `sixteen_bit_range` to
    0..255. (A PGM file names its own maximum, which Pillow has by then scaled to 65535.) 16-bit colour is
    read by its upper byte, and only with the full range: Pillow decodes no more of it. 32-bit integers and
    floats are refused.

    Args:
        path: the file; text is a path of this machine, and never an address.
        sixteen_bit_range: the 16-bit values that become 0 and 255, e.g. (0, 4095) for a 12-bit camera.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ImageError: the file can't be used; `code` says why.
    """
    return read_frame(path, sixteen_bit_range=sixteen_bit_range).pixels


@define(frozen=True, kw_only=True, eq=False)
class Frame:
    """The first frame of an image file.

    Attributes:
        pixels: (H, W, 3), upright.
        has_others: whether the file holds more frames. The previews in a camera's JPEG are none.
    """

    pixels: NDArray[np.uint8]
    has_others: bool


def read_frame(path: ImageFile | str, *, sixteen_bit_range: tuple[int, int] = FULL_RANGE) -> Frame:
    """Return what `read_image` does, and whether it is the whole of the file.

    Raises:
        ImageError: as `read_image`.
    """
    path = path if isinstance(path, RemoteFile) else Path(path)
    with opened(path) as (image, stream):
        orientation = find_orientation(image, stream)
        deep_colour = is_sixteen_bit_colour(image)
        has_others = image.format != _WITH_PREVIEWS and getattr(image, "is_animated", False)
        decode(image)
        if is_sixteen_bit_grey(image):
            grey = _scale(np.asarray(image), sixteen_bit_range)  # (H, W)
            pixels = np.repeat(grey[:, :, None], 3, axis=2)
        else:
            require_eight_bit(path, image.mode)
            if deep_colour:
                require_full_range(path, sixteen_bit_range)
            image.info.pop("transparency", None)
            pixels = np.asarray(image.convert("RGB"))
        upright = cast("NDArray[np.uint8]", turn(pixels, orientation))
        return Frame(pixels=upright, has_others=has_others)


def image_size(path: Path | str) -> tuple[int, int]:
    """Return (height, width) of the upright image; its pixels are not decoded.

    Raises:
        ImageError: the file can't be used.
    """
    with opened(Path(path)) as (image, stream):
        return turned_size(image.width, image.height, find_orientation(image, stream))


def grey_of(path: Path, image: Image.Image, sixteen_bit_range: tuple[int, int] = FULL_RANGE) -> Image.Image:
    """Return an opened and decoded image as grey of 8 bits, before it is turned.

    Args:
        path: named in errors.
        image: decoded; a JPEG may have been decoded to grey.
        sixteen_bit_range: as in `read_image`.

    Raises:
        ImageError: `unsupported_mode`.
    """
    if is_sixteen_bit_grey(image):
        return Image.fromarray(_scale(np.asarray(image), sixteen_bit_range))
    require_eight_bit(path, image.mode)
    return image if image.mode == "L" else image.convert("L")


def is_sixteen_bit_grey(image: Image.Image) -> bool:
    """Return whether the image is grey with 16 bits."""
    return image.mode in _SIXTEEN_BIT_MODES or (image.mode == "I" and image.format in _SIXTEEN_BIT_AS_I)


def is_sixteen_bit_colour(image: Image.Image) -> bool:
    """Return whether Pillow is about to keep only the upper byte of each value; ask before decoding."""
    return any(";16" in str(tile[3]) for tile in image.tile)  # type: ignore[attr-defined]


def require_eight_bit(path: ImageFile, mode: str) -> None:
    """Refuse modes whose values have no defined place in 0..255.

    Raises:
        ImageError: `unsupported_mode`.
    """
    if mode not in _EIGHT_BIT_MODES:
        message = f"has pixels of type {mode!r}, of no defined brightness; save it as 8- or 16-bit"
        raise ImageError("unsupported_mode", path, message)


def require_full_range(path: ImageFile, sixteen_bit_range: tuple[int, int]) -> None:
    """Refuse a range of values for 16-bit colour, of which the upper byte alone is read.

    Raises:
        ImageError: `unsupported_mode`.
    """
    if sixteen_bit_range != FULL_RANGE:
        message = "is 16-bit colour, which takes no range; save it as 16-bit grey or 8-bit"
        raise ImageError("unsupported_mode", path, message)


def _scale(values: NDArray[np.generic], bounds: tuple[int, int]) -> NDArray[np.uint8]:
    low, high = bounds
    levels = np.rint((np.arange(FULL_RANGE[1] + 1) - low) * (255 / (high - low)))
    table = np.clip(levels, 0, 255).astype(np.uint8)  # (65536,)
    scaled: NDArray[np.uint8] = table[np.clip(values, *FULL_RANGE)]
    return scaled
