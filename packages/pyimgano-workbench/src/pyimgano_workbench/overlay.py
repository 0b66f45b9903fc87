"""A small picture of an image beside the same with its anomaly map on top, for people to look at.

The colours rise in lightness from violet to pale yellow, so that neither colour blindness nor a printer
without colours changes their order (Smith and van der Walt, "A better default colormap", SciPy 2015).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from attrs import define
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 320  # pixels of the longer side of a panel
_GAP = 4
_STOPS = np.array(
    [[66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]], np.float64
)  # of "inferno", the darkest left out
_MOST_OPAQUE = 0.75
_MASK = (0, 225, 255)
_INSIDE = (70, 220, 70)
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_LARGEST = 36_000  # bytes of a picture
_QUALITIES = (88, 78, 65, 50, 35, 20, 8)

_T = TypeVar("_T", np.bool_, np.float32)


@define(frozen=True, kw_only=True)
class Scale:
    """The values of anomaly maps that the first and the last colour stand for."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value stands between them, 0 to 1."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@define(frozen=True, kw_only=True, eq=False)
class Marks:
    """What lines run round in a picture.

    Attributes:
        flagged: (h, w), the size of a panel: what the pixel threshold flags.
        mask: (H, W), the size of the image: what its mask marks, where there is one.
        inside: (h, w), where the image is looked at, where that is not everywhere.
    """

    flagged: NDArray[np.bool_]
    mask: NDArray[np.bool_] | None = None
    inside: NDArray[np.bool_] | None = None


def small_size(height: int, width: int) -> tuple[int, int]:
    """Return the size of a panel for an image."""
    factor = SIDE / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def pooled(values: NDArray[_T], size: tuple[int, int]) -> NDArray[_T]:
    """Return the highest value under each pixel of another size: a single hot pixel still shows.

    Args:
        values: (H, W).
        size: (h, w) of the result, smaller or larger.

    Returns:
        (h, w).
    """
    for axis, (large, small) in enumerate(zip(values.shape, size, strict=True)):
        starts = np.arange(small) * large // small
        values = np.maximum.reduceat(values, starts, axis=axis)
    return values


def draw(
    image: NDArray[np.uint8],
    anomaly_map: NDArray[np.float32],
    marks: Marks,
    scale: Scale,
) -> bytes:
    """Return a JPEG: the image on the left, and the same with its map on the right.

    The hotter, the more opaque, full from the middle of the scale on. A white line runs within what the pixel
    threshold flags and, in both, a green one within what is looked at, a blue one around what the mask marks.

    Args:
        image: (H, W, 3).
        anomaly_map: (h, w), the size of a panel.
        marks: what the lines run round.
        scale: of the colours.
    """
    height, width = marks.flagged.shape
    panel = np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    heated = _heated(panel, anomaly_map, scale)
    heated[_within(marks.flagged)] = _WHITE
    heated[_around(marks.flagged)] = _BLACK
    for line, rgb in _lines_of_both(marks):
        panel[line] = heated[line] = rgb
    canvas = np.full((height, 2 * width + _GAP, 3), _WHITE, np.uint8)
    canvas[:, :width], canvas[:, width + _GAP :] = panel, heated
    return _jpeg(Image.fromarray(canvas))


def colour(place: float) -> tuple[int, int, int]:
    """Return the colour at a place of the scale, 0 to 1."""
    red, green, blue = (round(float(value)) for value in _colours(np.array([place]))[0])
    return red, green, blue


def _colours(places: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the colours (..., 3) at places of the scale (...)."""
    stops = np.linspace(0.0, 1.0, len(_STOPS))
    return np.stack([np.interp(places, stops, _STOPS[:, channel]) for channel in range(3)], axis=-1)


def _heated(panel: NDArray[np.uint8], anomaly_map: NDArray[np.float32], scale: Scale) -> NDArray[np.uint8]:
    heat = np.clip((anomaly_map - scale.low) / (scale.high - scale.low), 0.0, 1.0)  # (h, w)
    opacity = (_MOST_OPAQUE * np.minimum(1.0, 2 * heat))[:, :, None]
    mixed: NDArray[np.uint8] = (panel * (1 - opacity) + _colours(heat) * opacity + 0.5).astype(np.uint8)
    return mixed


def _lines_of_both(marks: Marks) -> Iterator[tuple[NDArray[np.bool_], tuple[int, int, int]]]:
    """Yield the lines (h, w) that both panels have, and their colours."""
    if marks.inside is not None:
        yield _within(marks.inside), _INSIDE
    if marks.mask is not None:
        yield _around(pooled(marks.mask, marks.flagged.shape)), _MASK


def _neighbours(marks: NDArray[np.bool_], *, beyond: bool) -> list[NDArray[np.bool_]]:
    """Return what is marked above, below and beside each pixel; beyond the border all is or nothing is."""
    padded = np.pad(marks, 1, constant_values=beyond)
    return [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]


def _around(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the unmarked pixels beside marked ones."""
    beside: NDArray[np.bool_] = np.logical_or.reduce(_neighbours(marks, beyond=False)) & ~marks
    return beside


def _within(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the marked pixels beside unmarked ones."""
    edge: NDArray[np.bool_] = marks & ~np.logical_and.reduce(_neighbours(marks, beyond=True))
    return edge


def _jpeg(picture: Image.Image) -> bytes:
    """Return the picture in the best quality that is small enough."""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0)
        if buffer.tell() <= _LARGEST:
            break
    return buffer.getvalue()
