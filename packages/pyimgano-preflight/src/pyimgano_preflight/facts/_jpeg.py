"""The segments of a JPEG: its header, its EXIF and its end marker, without decoding a pixel.

The format is ITU-T T.81, annex B. What is unusual is left to Pillow, which decides what training can read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_preflight.facts._bytes import EDGE, PIECE
from pyimgano_preflight.facts._contract import HeaderFacts
from pyimgano_preflight.facts._exif import orientation_of

if TYPE_CHECKING:
    from pyimgano_preflight.facts._bytes import FileBytes

START = b"\xff\xd8\xff"
_SEGMENT_HEAD = 4  # marker and length
_END = b"\xff\xd9"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive: what is read here
_OTHER_FRAMES = frozenset({*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH = frozenset({0x00, 0x01, 0xFF, *range(0xD0, 0xDA)})
_SCAN, _APP1, _APP2 = 0xDA, 0xE1, 0xE2
_EXIF, _FURTHER_IMAGES = b"Exif\0\0", b"MPF\0"
_XMP_ORIENTATION = b"tiff:Orientation"
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


@define
class _Found:
    """What the segments before the first scan tell."""

    frame: bytes = b""
    exif: bytes = b""


def jpeg_header(file: FileBytes) -> HeaderFacts | None:
    """Return the header of a JPEG; None where it is damaged, holds several images or is unusual."""
    found = _Found()
    place = 2
    while (segment := _segment(file, place)) is not None:
        marker, length = segment
        if marker == _SCAN:
            return _facts(file, found, place)
        if not _take(file, found, marker, place + 4, length - 2):
            return None
        place += 2 + length
    return None


def jpeg_is_complete(file: FileBytes) -> bool | None:
    """Return whether a JPEG has its end; None where its first scan is hidden behind something unusual."""
    place = 2
    while (segment := _segment(file, place)) is not None:
        if segment[0] == _SCAN:
            return _has_end(file, place)
        place += 2 + segment[1]
    return False if place + _SEGMENT_HEAD > file.size else None  # cut off before its first scan


def _segment(file: FileBytes, place: int) -> tuple[int, int] | None:
    """Return marker and length of the segment at `place`, None where there is none of the usual kind."""
    head = file.at(place, 4)
    if len(head) < 4 or head[0] != 0xFF or head[1] in _WITHOUT_LENGTH:  # noqa: PLR2004 - marker, length
        return None
    length = int.from_bytes(head[2:])
    return (head[1], length) if length >= 2 else None  # noqa: PLR2004 - the length counts itself


def _take(file: FileBytes, found: _Found, marker: int, place: int, length: int) -> bool:
    """Keep what a segment tells; False where it is unusual."""
    if marker in _FRAMES:
        is_second = bool(found.frame)
        found.frame = bytes(file.at(place, min(length, 6)))
        return not is_second
    if marker == _APP1:
        body = bytes(file.at(place, length))
        if body.startswith(_EXIF):
            is_second = bool(found.exif)
            found.exif = body
            return not is_second
        return _XMP_ORIENTATION not in body  # Pillow believes it where EXIF says nothing
    if marker == _APP2:
        return bytes(file.at(place, len(_FURTHER_IMAGES))) != _FURTHER_IMAGES
    return marker not in _OTHER_FRAMES


def _facts(file: FileBytes, found: _Found, scan: int) -> HeaderFacts | None:
    if len(found.frame) < 6:  # noqa: PLR2004 - depth, height, width, components
        return None
    depth, height, width, components = struct.unpack(">BHHB", found.frame)
    mode = _MODES.get(components)
    if depth != 8 or mode is None or not width or not height:  # noqa: PLR2004 - bits
        return None
    return HeaderFacts(
        format="JPEG",
        width=width,
        height=height,
        mode=mode,
        bits=depth,
        orientation=orientation_of(found.exif) if found.exif else 1,
        is_complete=_has_end(file, scan),
    )


def _has_end(file: FileBytes, scan: int) -> bool:
    """Return whether the end marker stands anywhere behind the first scan.

    In coded pixels 0xFF is followed by 0 or by a restart marker, so the end marker can't occur in them.
    Zeros, metadata or further images behind it do no harm.
    """
    tail = max(scan, file.size - EDGE)
    if _END in bytes(file.at(tail, EDGE)):
        return True
    pieces = range(scan, tail, PIECE)
    return any(_END in bytes(file.at(place, PIECE + 1)) for place in pieces)
