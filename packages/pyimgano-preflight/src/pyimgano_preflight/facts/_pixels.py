"""What the decoded pixels of an image or a mask say."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops

from pyimgano_preflight.facts._contract import MaskFacts, PixelFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_DARK_BELOW = 8
_BRIGHT_ABOVE = 247
_SMALL_HEIGHT = 256  # rows, of which all are looked at
_BANDS = 4
_BAND_SHARE = 32  # a band is this part of the height
_HASH_SIDE = 16
_SHOWN_VALUES = 16
_LEVELS = np.arange(256.0)


def pixel_facts(grey: Image.Image) -> PixelFacts:
    """Return the statistics of a decoded image.

    Args:
        grey: of mode "L".
    """
    counts = np.array(grey.histogram(), dtype=np.float64)  # (256,)
    total = counts.sum()
    mean = float(counts @ _LEVELS / total)
    present = np.flatnonzero(counts)
    below = counts.cumsum() / total
    low, high = np.searchsorted(below, (0.01, 0.99))
    thumbnail = np.asarray(grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX, reducing_gap=2.0))
    return PixelFacts(
        mean=round(mean, 4),
        std=round(float(np.sqrt(counts @ (_LEVELS - mean) ** 2 / total)), 4),
        minimum=float(present[0]),
        maximum=float(present[-1]),
        dark_share=round(float(counts[:_DARK_BELOW].sum() / total), 6),
        bright_share=round(float(counts[_BRIGHT_ABOVE + 1 :].sum() / total), 6),
        contrast=float(high - low),
        sharpness=round(_sharpness(grey), 4),
        blank_share=round(_blank_share(grey), 6),
        difference_hash=_difference_hash(thumbnail),
        thumbnail=thumbnail.tobytes().hex(),
    )


def mask_facts(image: Image.Image, marks: NDArray[np.bool_], size: tuple[int, int]) -> MaskFacts:
    """Return the statistics of a decoded mask.

    Args:
        image: the decoded mask.
        marks: bool (H, W), where it marks a defect.
        size: its upright (height, width).
    """
    values = _shown_values(image)
    return MaskFacts(
        marked=int(np.count_nonzero(marks)),
        pixels=marks.size,
        height=size[0],
        width=size[1],
        values=tuple(int(value) for value in values[:_SHOWN_VALUES]),
        value_count=len(values),
    )


def _shown_values(image: Image.Image) -> NDArray[np.generic]:
    """Return the distinct grey values of a mask: of a colour its brightness, 0 where it does not show."""
    if image.mode.startswith("I"):
        return np.unique(np.asarray(image))
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return np.flatnonzero(image.histogram())
    return np.flatnonzero(_shown_grey(image.convert("RGBA")).histogram())


def _shown_grey(image: Image.Image) -> Image.Image:
    """Return how bright each pixel is, by the rule of `read_mask` for the alpha of an RGBA image."""
    grey, (*colour, alpha) = image.convert("L"), image.split()
    if _is_flat(alpha):
        return grey
    if all(map(_is_flat, colour)):
        return alpha
    return ImageChops.darker(grey, alpha.point(lambda value: 255 * (value > 0)))


def _is_flat(channel: Image.Image) -> bool:
    lowest, highest = channel.getextrema()
    return lowest == highest


def _sharpness(grey: Image.Image) -> float:
    """Return the variance of the Laplacian, in bands of rows that cover an eighth of a large image.

    Its values are whole numbers, and so are their sums: the last digit is the same on every machine.
    """
    width, height = grey.size
    if min(width, height) < 3:  # noqa: PLR2004 - a pixel and its two neighbours
        return 0.0
    rows = height if height <= _SMALL_HEIGHT else height // _BAND_SHARE + 2
    starts = range(0, height - rows + 1, height // _BANDS + 1)
    bands = np.stack([np.asarray(grey.crop((0, top, width, top + rows))) for top in starts])  # (B, R, W)
    laplacian = _laplacian(bands)
    total = float(laplacian.sum())
    squares = float(np.einsum("i,i", laplacian, laplacian))  # not np.dot, which starts threads
    return (squares - total * total / laplacian.size) / laplacian.size


def _laplacian(bands: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the Laplacian of all but the borders of bands (B, R, W), B * (R - 2) * (W - 2) values."""
    values = bands.astype(np.int16)  # (B, R, W)
    laplacian = values[:, :-2, 1:-1] + values[:, 2:, 1:-1]
    laplacian += values[:, 1:-1, :-2]
    laplacian += values[:, 1:-1, 2:]
    laplacian -= values[:, 1:-1, 1:-1] << 2
    return laplacian.astype(np.float64).ravel()


def _blank_share(grey: Image.Image) -> float:
    """Return the largest share of lines from one border that all hold that border's one value."""
    width, height = grey.size
    first, last = grey.getpixel((0, 0)), grey.getpixel((width - 1, height - 1))
    rows, columns = range(height), range(width)
    return max(
        _blank_lines(grey, ((0, y, width, y + 1) for y in rows), first) / height,
        _blank_lines(grey, ((0, y, width, y + 1) for y in reversed(rows)), last) / height,
        _blank_lines(grey, ((x, 0, x + 1, height) for x in columns), first) / width,
        _blank_lines(grey, ((x, 0, x + 1, height) for x in reversed(columns)), last) / width,
    )


def _blank_lines(grey: Image.Image, lines: Iterator[tuple[int, int, int, int]], value: object) -> int:
    """Return how many of `lines`, from the first on, hold nothing but `value`."""
    blank = takewhile(lambda line: grey.crop(line).getextrema() == (value, value), lines)
    return sum(1 for _ in blank)


def _difference_hash(thumbnail: NDArray[np.uint8]) -> str:
    """Return 240 bits: whether each of 16 x 16 cells is brighter than its left neighbour, in hex."""
    return np.packbits(thumbnail[:, 1:] > thumbnail[:, :-1]).tobytes().hex()
