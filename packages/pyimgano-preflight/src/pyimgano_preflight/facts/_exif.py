"""The orientation that EXIF tells: tag 0x0112 of its first directory, section 4.6.4 of Exif 2.3."""

from __future__ import annotations

import struct

from PIL import ExifTags, Image

_PREFIX = b"Exif\0\0"
_ENTRY = 12
_SHORT = 3
_UPRIGHT = 1
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def orientation_of(exif: bytes) -> int:
    """Return the orientation 1..8; damaged EXIF counts as upright, as in core's loader."""
    exif = exif.removeprefix(_PREFIX)
    order = _ORDERS.get(exif[:4])
    if order is None:
        return _UPRIGHT
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for place in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
            tag, kind, values, value = struct.unpack_from(order + "HHIH", exif, place)
            if tag == ExifTags.Base.Orientation:
                return _valid(value) if (kind, values) == (_SHORT, 1) else _as_pillow_reads(exif)
    except struct.error:
        return _as_pillow_reads(exif)
    return _UPRIGHT


def _as_pillow_reads(exif: bytes) -> int:
    tags = Image.Exif()
    try:
        tags.load(exif)
        return _valid(tags.get(ExifTags.Base.Orientation, _UPRIGHT))
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error):
        return _UPRIGHT


def _valid(value: object) -> int:
    return value if isinstance(value, int) and value in range(1, 9) else _UPRIGHT
