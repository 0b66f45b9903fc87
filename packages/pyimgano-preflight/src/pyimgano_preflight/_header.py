"""What the header of a sound image tells: facts that are no faults, but should be known before training."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from attrs import define, field
from PIL import ExifTags, Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".pgm": "PPM",
    ".ppm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
}
_SAME_FORMAT = {"MPO": "JPEG"}  # a JPEG with further frames behind it
_SMALLEST_SIDE = 32
_UPRIGHT = 1
# What Pillow raises on metadata that it can't make out, in a file whose pixels are sound.
_ODD_HEADER = (OSError, SyntaxError, ValueError, LookupError, TypeError, EOFError, struct.error)


@define(frozen=True, kw_only=True)
class Finding:
    """What was found in one file."""

    code: str
    message: str
    data: dict[str, Any] = field(factory=dict)


def header_findings(path: Path) -> list[Finding]:
    """Return what is odd about an image that can be decoded; its pixels are not read."""
    try:
        with Image.open(path) as image:
            return [*_format(path, image), *_size(image), *_mode(image), *_further(image)]
    except _ODD_HEADER:
        return []


def _format(path: Path, image: Image.Image) -> Iterator[Finding]:
    claimed = _FORMATS.get(path.suffix.lower())
    found = _SAME_FORMAT.get(str(image.format), str(image.format))
    if claimed is not None and claimed != found:
        message = f"is named {path.suffix!r} and holds {found}: rename it"
        yield Finding(code="PF303", message=message, data={"format": found})


def _size(image: Image.Image) -> Iterator[Finding]:
    if min(image.size) < _SMALLEST_SIDE:
        width, height = image.size
        message = f"has {width}x{height} pixels only"
        yield Finding(code="PF305", message=message, data={"width": width, "height": height})


def _mode(image: Image.Image) -> Iterator[Finding]:
    mode = image.mode
    data = {"mode": mode}
    if mode.startswith("I") or any(";16" in str(tile[3]) for tile in image.tile):  # type: ignore[attr-defined]
        yield Finding(
            code="PF308", message="has 16 bits, brought to 8 by dataset.sixteen_bit_range", data=data
        )
    if mode == "CMYK":
        yield Finding(code="PF309", message="is stored as CMYK, converted without a profile", data=data)
    if mode in ("P", "PA"):
        yield Finding(code="PF310", message="has a palette: its colours were reduced", data=data)
    if mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        yield Finding(code="PF311", message="has transparency, which is dropped", data=data)


def _further(image: Image.Image) -> Iterator[Finding]:
    orientation = _orientation(image)
    if orientation != _UPRIGHT:
        message = f"has EXIF orientation {orientation} and is turned; check that its mask fits"
        yield Finding(code="PF312", message=message, data={"orientation": orientation})
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        message = f"holds {frames} images, of which the first is used"
        yield Finding(code="PF313", message=message, data={"frames": frames})


def _orientation(image: Image.Image) -> int:
    """Return the orientation 1..8; of a PNG only where Pillow need not decode it for that."""
    if image.format == "PNG" and "exif" not in image.info:
        return _UPRIGHT
    value = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    return value if isinstance(value, int) and value in range(1, 9) else _UPRIGHT
