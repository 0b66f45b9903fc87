"""What the decoded pixels of an image or a mask say."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate, takewhile
from operator import mul
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
_LEVELS = range(256)
_SQUARES = tuple(level * level for level in _LEVELS)


def pixel_facts(grey: Image.Image) -> PixelFacts:
    """Return the statistics of a decoded image.

    Whole numbers are summed, by Python: numpy's start costs more than 256 values.

    Args:
        grey: of mode "L".
    """
    counts = grey.histogram()  # (256,)
    below = list(accumulate(counts))  # (256,) pixels up to each value
    pixels = below[-1]
    total = sum(map(mul, counts, _LEVELS))
    squares = sum(map(mul, counts, _SQUARES))
    minimum, maximum = bisect_right(below, 0), bisect_left(below, pixels)
    thumbnail = grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX, reducing_gap=2.0).tobytes()
    return PixelFacts(
        mean=round(total / pixels, 4),
        std=round(math.sqrt(pixels * squares - total * total) / pixels, 4),
        minimum=float(minimum),
        maximum=float(maximum),
        dark_share=round(below[_DARK_BELOW - 1] / pixels, 6),
        bright_share=round((pixels - below[_BRIGHT_ABOVE]) / pixels, 6),
        contrast=float(bisect_left(below, 0.99 * pixels) - bisect_left(below, 0.01 * pixels)),
        sharpness=round(_sharpness(grey), 4),
        blank_share=1.0 if minimum == maximum else round(_blank_share(grey), 6),
        difference_hash=_difference_hash(thumbnail),
        thumbnail=thumbnail.hex(),
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
    count, total, squares = 0, 0.0, 0.0
    for top in range(0, height - rows + 1, height // _BANDS + 1):
        laplacian = _laplacian(grey.crop((0, top, width, top + rows)))
        count += laplacian.size
        total += float(laplacian.sum())
        squares += float(np.einsum("i,i", laplacian, laplacian))  # not np.dot, which starts threads
    return (squares - total * total / count) / count


def _laplacian(band: Image.Image) -> NDArray[np.float64]:
    """Return the Laplacian of all but the borders of a band of R x W pixels, ((R - 2) * (W - 2),)."""
    width, height = band.size
    # Rows one after the other, for long loops: what runs over the ends of rows is cut off with the borders.
    values = np.frombuffer(band.tobytes(), np.uint8).astype(np.int16)  # (R * W,)
    laplacian = values[: -2 * width] + values[2 * width :]
    laplacian += values[width - 1 : -width - 1]
    laplacian += values[width + 1 : 1 - width]
    laplacian -= values[width:-width] << 2
    inner = laplacian.reshape(height - 2, width)[:, 1:-1]
    return inner.astype(np.float64).ravel()


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
    return sum(1 for _ in takewhile(lambda line: _is_blank(grey, line, value), lines))


def _is_blank(grey: Image.Image, line: tuple[int, int, int, int], value: object) -> bool:
    """Return whether a line holds nothing but `value`; its middle nearly always tells that it does not."""
    left, top, right, bottom = line
    middle = ((left + right) // 2, (top + bottom) // 2)
    return grey.getpixel(middle) == value and grey.crop(line).getextrema() == (value, value)


def _difference_hash(thumbnail: bytes) -> str:
    """Return 240 bits: whether each of 16 x 16 cells is brighter than its left neighbour, in hex."""
    cells = np.frombuffer(thumbnail, np.uint8).reshape(_HASH_SIDE, _HASH_SIDE)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes().hex()
