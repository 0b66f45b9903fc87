"""The pixels of an open file, decoded by the loader that training uses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pyimgano_core.engine import default_workers
from pyimgano_core.errors import ImageError
from pyimgano_core.images import decode, grey_of, marks_of, opened_stream
from pyimgano_core.words import agree, number_of
from pyimgano_preflight.facts._pixels import mask_facts, pixel_facts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pyimgano_preflight.facts._bytes import FileBytes
    from pyimgano_preflight.facts._contract import HeaderFacts, MaskFacts, PixelFacts

# Slow storage is read by more threads than there are processors; pixels are memory, so they take turns.
_TURNS = threading.BoundedSemaphore(default_workers())
PICTURE_STEP = 1 / 128  # grey levels
_SIDE = 64
_REDUCED_SIDE = 256


def decode_mask(path: Path, file: FileBytes, header: HeaderFacts) -> MaskFacts:
    """Return what the pixels of a mask say.

    Raises:
        ImageError: they can't be decoded.
    """
    with _TURNS, file.stream() as stream, opened_stream(path, stream) as image:
        return mask_facts(image, marks_of(path, image), header.size)


def require_finite(path: Path, file: FileBytes) -> None:
    """Refuse an image of floats where some are no numbers.

    Raises:
        ImageError: `nonfinite`, or the pixels can't be decoded.
    """
    with _TURNS, file.stream() as stream, opened_stream(path, stream) as image:
        decode(image)
        pixels = np.asarray(image)  # (H, W)
        broken = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
    if broken:
        are = number_of(broken, "pixel that is", "pixels that are")
        them = agree(broken, "it", "them")
        message = f"has {are} NaN or infinite; replace {them}, then save the image as 8- or 16-bit"
        raise ImageError("nonfinite", path, message)


def decode_image(path: Path, file: FileBytes, sixteen_bit_range: tuple[int, int]) -> PixelFacts:
    """Return what the pixels of an image say; a JPEG is decoded to its grey channel alone.

    Raises:
        ImageError: they can't be decoded, or have no defined brightness.
    """
    with _TURNS, file.stream() as stream, opened_stream(path, stream) as image:
        image.draft("L", None)
        decode(image)
        return pixel_facts(grey_of(path, image, sixteen_bit_range))


def decode_small(path: Path, file: FileBytes, sixteen_bit_range: tuple[int, int]) -> NDArray[np.int16]:
    """Return 64 x 64 grey values of an image, less their mean, as multiples of `PICTURE_STEP`; int16 (4096,).

    Raises:
        ImageError: they can't be decoded, or have no defined brightness.
    """
    with _TURNS, file.stream() as stream, opened_stream(path, stream) as image:
        image.draft("L", (_REDUCED_SIDE, _REDUCED_SIDE))  # a JPEG is decoded to grey, and to less
        decode(image)
        grey = grey_of(path, image, sixteen_bit_range)
    grey = grey.reduce(max(1, min(grey.size) // _REDUCED_SIDE))  # what is rounded here averages out below
    resized = grey.convert("F").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    values = np.asarray(resized, np.float64).ravel()  # (4096,)
    picture: NDArray[np.int16] = np.rint((values - values.mean()) / PICTURE_STEP).astype(np.int16)
    return picture
