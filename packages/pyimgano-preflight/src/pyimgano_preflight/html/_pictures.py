"""Small pictures of images and masks as data URIs of at most some 8 KB, drawn with what masks mark."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 168
_LARGEST = 8000  # bytes of a JPEG
_QUALITIES = (85, 70, 55, 40, 25, 10)
_OUTLINE = (255, 0, 128)  # a pink that is rare in images of parts
_WHITE = 255


def image_picture(pixels: NDArray[np.uint8], marks: NDArray[np.bool_] | None) -> str:
    """Return a small picture of an image as data URI, with an outline around what its mask marks.

    Args:
        pixels: uint8 (H, W, 3).
        marks: bool (H, W); None, or another size, draws no outline.
    """
    height, width = _small_size(pixels.shape)
    is_smaller = max(height, width) < max(pixels.shape)
    resampling = Image.Resampling.BILINEAR if is_smaller else Image.Resampling.NEAREST
    small = np.array(Image.fromarray(pixels).resize((width, height), resampling))  # (h, w, 3)
    if marks is not None and marks.shape == pixels.shape[:2]:
        small[_outline(pooled(marks, (height, width)))] = _OUTLINE
    return _uri(Image.fromarray(small))


def mask_picture(marks: NDArray[np.bool_]) -> str:
    """Return a small picture of what a mask marks as data URI, white on black.

    Args:
        marks: bool (H, W).
    """
    small = pooled(marks, _small_size(marks.shape))
    return _uri(Image.fromarray(small.astype(np.uint8) * _WHITE))


def pooled(marks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the marks at another size, at which a single marked pixel still shows.

    Args:
        marks: bool (H, W).
        size: (h, w) of the result.

    Returns:
        bool (h, w).
    """
    pooled_marks = marks
    for axis, (large, small) in enumerate(zip(marks.shape, size, strict=True)):
        starts = np.arange(small) * large // small
        pooled_marks = np.logical_or.reduceat(pooled_marks, starts, axis=axis)
    return pooled_marks


def _outline(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels beside what is marked, and where that touches the border, the border."""
    padded = np.pad(marks, 1)
    beside = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    border = np.ones_like(marks)
    border[1:-1, 1:-1] = False
    outline: NDArray[np.bool_] = (beside & ~marks) | (border & marks)
    return outline


def _small_size(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape[:2]
    factor = _SIDE / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _uri(image: Image.Image) -> str:
    """Return the picture as JPEG, of the best quality that is small enough."""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
        if buffer.tell() <= _LARGEST:
            break
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
