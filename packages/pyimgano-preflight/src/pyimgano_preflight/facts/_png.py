"""The chunks of a PNG: its header, its end, its checksums and its EXIF, without decoding a pixel.

The format is ISO/IEC 15948 (PNG, third edition). What is unusual is left to Pillow, which decides what
training can read.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from pyimgano_preflight.facts._bytes import EDGE, PIECE
from pyimgano_preflight.facts._contract import HeaderFacts
from pyimgano_preflight.facts._exif import orientation_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_preflight.facts._bytes import FileBytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8sI4sIIBBBBBI")  # the signature and the whole IHDR chunk
_HEADER_LENGTH = 13
_CHUNK = struct.Struct(">I4s")
_FRAME = 12  # length, name and checksum of a chunk
_END = b"\0\0\0\0IEND\xaeB`\x82"
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
_EIGHT, _SIXTEEN = 8, 16
# Depth and colour type to the mode that Pillow decodes to.
_MODES = {
    (1, _GREY): "1",
    (2, _GREY): "L",
    (4, _GREY): "L",
    (_EIGHT, _GREY): "L",
    (_SIXTEEN, _GREY): "I;16",
    (_EIGHT, _COLOUR): "RGB",
    (_SIXTEEN, _COLOUR): "RGB",
    (1, _PALETTE): "P",
    (2, _PALETTE): "P",
    (4, _PALETTE): "P",
    (_EIGHT, _PALETTE): "P",
    (_EIGHT, _GREY_ALPHA): "LA",
    (_EIGHT, _COLOUR_ALPHA): "RGBA",
    (_SIXTEEN, _COLOUR_ALPHA): "RGBA",
}
_LARGEST_EXIF = 1 << 20


def png_header(file: FileBytes) -> HeaderFacts | None:
    """Return the header of a PNG; None where it is damaged, animated or unusual.

    EXIF behind the pixels is found where the file is held, and else in its last bytes only.
    """
    raw = bytes(file.at(0, _HEADER.size))
    if len(raw) < _HEADER.size:
        return None
    _, length, name, width, height, depth, colour, _, _, interlace, checksum = _HEADER.unpack(raw)
    mode = _MODES.get((depth, colour))
    sound = name == b"IHDR" and length == _HEADER_LENGTH and zlib.crc32(raw[12:-4]) == checksum
    if not sound or mode is None or not width or not height or interlace > 1:
        return None
    chunks = _leading_chunks(file)
    if b"acTL" in chunks or b"IDAT" not in chunks:
        return None
    exif = chunks.get(b"eXIf") or _late_exif(file)
    return HeaderFacts(
        format="PNG",
        width=width,
        height=height,
        mode=mode,
        bits=depth,
        orientation=1 if exif is None else orientation_of(bytes(file.at(*exif))),
        has_alpha=colour in (_GREY_ALPHA, _COLOUR_ALPHA) or b"tRNS" in chunks,
        is_complete=_is_complete(file),
    )


def broken_checksum(file: FileBytes) -> tuple[str, int] | None:
    """Return name and place of the first chunk whose checksum is wrong or that leads out of the file."""
    name, following = b"", len(SIGNATURE)
    for name, offset, length in _chunks(file):
        checksum = 0
        start, stop = offset - 4, offset + length  # the name is summed, too
        for place in range(start, stop, PIECE):
            checksum = zlib.crc32(file.at(place, min(PIECE, stop - place)), checksum)
        if checksum != int.from_bytes(file.at(stop, 4)):
            return name.decode("latin-1"), offset - _CHUNK.size
        following = stop + 4
    if name == b"IEND":
        return None
    return bytes(file.at(following + 4, 4)).decode("latin-1"), following


def _chunks(file: FileBytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and length of the data of each whole chunk, up to IEND or what is no chunk."""
    place = len(SIGNATURE)
    name = b""
    while name != b"IEND" and place + _FRAME <= file.size:
        length, name = _CHUNK.unpack(file.at(place, _CHUNK.size))
        # Names are letters. A file that ends in zeros would else be walked through in steps of 12 bytes.
        if place + _FRAME + length > file.size or not name.isalpha():
            return
        yield name, place + _CHUNK.size, length
        place += _FRAME + length


def _leading_chunks(file: FileBytes) -> dict[bytes, tuple[int, int]]:
    """Return place and length of the chunks before the pixels; with `IDAT` where these begin."""
    found = {}
    place = len(SIGNATURE)
    while place + _CHUNK.size <= file.size:
        length, name = _CHUNK.unpack(file.at(place, _CHUNK.size))
        found[name] = (place + _CHUNK.size, min(length, _LARGEST_EXIF))
        if name == b"IDAT":
            break
        place += _FRAME + length
    return found


def _late_exif(file: FileBytes) -> tuple[int, int] | None:
    if file.is_held:
        return next(((place, length) for name, place, length in _chunks(file) if name == b"eXIf"), None)
    start = max(0, file.size - EDGE)
    place = bytes(file.at(start, EDGE)).find(b"eXIf")
    if place < 4:  # noqa: PLR2004 - the length stands before the name
        return None
    length, name = _CHUNK.unpack(file.at(start + place - 4, _CHUNK.size))
    data = start + place + 4
    summed = zlib.crc32(file.at(data, length), zlib.crc32(name))
    return (data, length) if summed == int.from_bytes(file.at(data + length, 4)) else None


def _is_complete(file: FileBytes) -> bool:
    if bytes(file.at(max(0, file.size - _FRAME), _FRAME)) == _END:
        return True
    return any(name == b"IEND" for name, _, _ in _chunks(file))
