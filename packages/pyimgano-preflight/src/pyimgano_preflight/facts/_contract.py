"""What one look at a file tells; rules read nothing else, so that no file is read twice."""

from __future__ import annotations

from typing import Literal

from attrs import define

FileRole = Literal["image", "mask"]
Depth = Literal["quick", "standard", "deep"]


@define(frozen=True, kw_only=True)
class FileError:
    """Why a file can't be used: a code of `ImageError`, of the storage or of a scan, and words."""

    code: str
    message: str
    errno: int | None = None


@define(frozen=True, kw_only=True)
class HeaderFacts:
    """What an image's header says; `width` and `height` are as stored, before `orientation` is applied.

    `bits` is the depth of a channel. `is_complete` is False where the end of the file is missing, None where
    its format does not tell without decoding.
    """

    format: str
    width: int
    height: int
    mode: str
    bits: int
    orientation: int = 1
    frames: int = 1
    has_alpha: bool = False
    is_complete: bool | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the upright image."""
        is_sideways = self.orientation >= 5  # noqa: PLR2004 - EXIF 5 to 8 turn by a quarter
        return (self.width, self.height) if is_sideways else (self.height, self.width)


@define(frozen=True, kw_only=True)
class PixelFacts:
    """What the decoded pixels of an image say, as grey values 0 to 255.

    `dark_share` and `bright_share` are the shares of pixels below 8 and above 247. `contrast` is the distance
    of the 1st and the 99th percentile. `sharpness` is the variance of the Laplacian at full size, in bands
    that cover an eighth of a large image. `blank_share` is the share of the rows or columns at one border
    that all hold one value. `difference_hash` has 240 bits, in hex, made from `thumbnail`: 16 x 16 grey
    values of a byte each, in hex too.
    """

    mean: float
    std: float
    minimum: float
    maximum: float
    dark_share: float
    bright_share: float
    contrast: float
    sharpness: float
    blank_share: float
    difference_hash: str
    thumbnail: str = ""


@define(frozen=True, kw_only=True)
class MaskFacts:
    """What a decoded mask says, by the one rule of `pyimgano_core.images.read_mask`.

    `marked` of `pixels` belong to a defect. `values` are the distinct grey values, the first 16 of
    `value_count`: a colour's is its brightness, and 0 is what does not show.
    """

    marked: int
    pixels: int
    height: int
    width: int
    values: tuple[int, ...] = ()
    value_count: int = 0


@define(frozen=True, kw_only=True)
class FileFacts:
    """What is known of one file; what was not looked at, or could not be, is None.

    `inode` is equal for two paths to one file. `checksums_hold` tells of a PNG's own checksums.
    """

    path: str
    size: int | None = None
    mtime_ns: int | None = None
    inode: tuple[int, int] | None = None
    error: FileError | None = None
    header: HeaderFacts | None = None
    sha256: str | None = None
    checksums_hold: bool | None = None
    pixels: PixelFacts | None = None
    mask: MaskFacts | None = None
