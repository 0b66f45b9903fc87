"""What the header of an image says: by our own parsers for plain PNG and JPEG, by Pillow for all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.errors import ImageError
from pyimgano_core.images import (
    find_orientation,
    is_sixteen_bit_colour,
    is_sixteen_bit_grey,
    opened_stream,
    require_pixel_count,
)
from pyimgano_preflight.facts._contract import HeaderFacts
from pyimgano_preflight.facts._jpeg import START, jpeg_header, jpeg_is_complete
from pyimgano_preflight.facts._png import SIGNATURE, png_header

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from pyimgano_preflight.facts._bytes import FileBytes

_START_BYTES = 12
_ALPHA_MODES = frozenset({"LA", "PA", "RGBA", "La", "RGBa"})
_BITS = {"1": 1, "I": 32, "F": 32}
_ROW_PADDING = 3  # bytes at the most, of which some programs leave out the last
_PNM_BITS = {"1;I": 1, "L": 8, "I;16B": 16, "RGB": 24}
_TIFF_PLACES = {273: 279, 324: 325}  # tags of the places of strips and tiles, and of their lengths


def read_header(path: Path, file: FileBytes) -> HeaderFacts:
    """Return the header of an image file.

    Raises:
        ImageError: it is no image that training could read.
    """
    start = bytes(file.at(0, _START_BYTES))
    header = None
    if start.startswith(SIGNATURE):
        header = png_header(file)
    elif start.startswith(START):
        header = jpeg_header(file)
    elif start[:4] == b"RIFF" and int.from_bytes(start[4:8], "little") + 8 > file.size:
        raise truncated(path)  # before Pillow finds its parts damaged
    if header is None:
        return _by_pillow(path, file)
    require_pixel_count(path, header.width * header.height)
    return header


def truncated(path: Path) -> ImageError:
    """Return the error of a file whose end is missing."""
    return ImageError("truncated", path, "is truncated: its end is missing; copy it again from its source")


def _by_pillow(path: Path, file: FileBytes) -> HeaderFacts:
    with file.stream() as stream, opened_stream(path, stream) as image:
        return HeaderFacts(
            format=str(image.format),
            width=image.width,
            height=image.height,
            mode=image.mode,
            bits=_bits(image),
            orientation=find_orientation(image, stream),
            frames=getattr(image, "n_frames", 1),
            has_alpha=image.mode in _ALPHA_MODES or "transparency" in image.info,
            is_complete=_is_complete(image, file),
        )


def _bits(image: Image.Image) -> int:
    is_deep = is_sixteen_bit_grey(image) or is_sixteen_bit_colour(image)
    return 16 if is_deep else _BITS.get(image.mode, 8)


def _is_complete(image: Image.Image, file: FileBytes) -> bool | None:
    """Return whether the bytes reach as far as the header says; None where it does not say."""
    if image.format in ("JPEG", "MPO"):
        return jpeg_is_complete(file)
    if image.format in ("BMP", "PPM"):
        end = _raw_end(image)
        return None if end is None else end <= file.size
    tags = getattr(image, "tag_v2", {})
    for places, lengths in _TIFF_PLACES.items():
        if places in tags and lengths in tags:
            return max(map(sum, zip(tags[places], tags[lengths], strict=False)), default=0) <= file.size
    return None


def _raw_end(image: Image.Image) -> int | None:
    """Return where the rows of a BMP or PNM end at the earliest; None where they are packed."""
    codec, _, offset, layout = image.tile[0]  # type: ignore[attr-defined]
    if codec != "raw":
        return None
    if image.format == "BMP":
        return int(offset + layout[1] * image.height - _ROW_PADDING)
    bits = _PNM_BITS.get(layout)
    return None if bits is None else int(offset + (image.width * bits + 7) // 8 * image.height)
