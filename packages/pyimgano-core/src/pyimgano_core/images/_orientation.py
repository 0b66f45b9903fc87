"""EXIF orientation: how a camera says that its picture has to be turned before it is looked at.

Pillow turns TIFF files itself while it decodes. PNG files may carry EXIF behind the pixels, where Pillow
finds it only by decoding; here their chunks are walked, so that asking for a size never costs a decoding.
The format is section 4.6.4 of the Exif 2.3 standard, tag 0x0112, and the `eXIf` chunk of PNG.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import ExifTags, Image

from pyimgano_core.images._file import quiet

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGNATURE_BYTES = 8
_MAX_EXIF_BYTES = 1 << 20
_UPRIGHT = 1
_MIRRORED = (2, 4, 5, 7)
_QUARTER_TURNS = {3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}  # counter-clockwise, before the mirroring
_SIDEWAYS = (5, 6, 7, 8)


def find_orientation(image: Image.Image, stream: BinaryIO) -> int:
    """Return the orientation 1..8 that is still to be applied once `image` is decoded.

    The position of `stream` is kept. Damaged EXIF counts as upright: viewers read it so, too.
    """
    if image.format == "TIFF":
        return _UPRIGHT
    try:
        with quiet():
            exif = _png_exif(stream) if image.format == "PNG" else image.getexif()
            value = exif.get(ExifTags.Base.Orientation, _UPRIGHT)
    except (SyntaxError, ValueError, LookupError, TypeError, struct.error):
        return _UPRIGHT
    return value if isinstance(value, int) and value in range(1, 9) else _UPRIGHT


def turn(array: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Return `array` (H, W, ...) upright; a copy in row order."""
    turned = np.rot90(array, _QUARTER_TURNS.get(orientation, 0))
    if orientation in _MIRRORED:
        turned = turned[:, ::-1]
    return np.array(turned, order="C")


def turned_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return (height, width) of the upright image."""
    return (width, height) if orientation in _SIDEWAYS else (height, width)


def _png_exif(stream: BinaryIO) -> Image.Exif:
    """Return the EXIF of a PNG, wherever its chunk stands; empty where there is none."""
    exif = Image.Exif()
    position = stream.tell()
    try:
        stream.seek(_SIGNATURE_BYTES)
        while len(head := stream.read(8)) == 8:  # noqa: PLR2004 length and name of a chunk
            length, name = struct.unpack(">I4s", head)
            if name == b"eXIf" and length <= _MAX_EXIF_BYTES:
                exif.load(stream.read(length))
                break
            stream.seek(length + 4, 1)
    finally:
        stream.seek(position)
    return exif
