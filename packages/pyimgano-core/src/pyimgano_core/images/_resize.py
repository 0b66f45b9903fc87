"""Resize images and score maps; masks are never resized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resize_image(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `image` at `size` by Pillow's bilinear filter, antialiased where it shrinks.

    Args:
        image: uint8 (H, W, 3).
        size: (height, width).

    Returns:
        uint8 (height, width, 3).
    """
    if image.shape[:2] == size:
        return image
    return np.array(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))


def resize_map(score_map: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return `score_map` at `size`, bilinear: how maps come to the size of the original image.

    Args:
        score_map: float32 (h, w).
        size: (height, width).

    Returns:
        float32 (height, width).
    """
    if score_map.shape == size:
        return score_map
    return np.array(Image.fromarray(score_map).resize(size[::-1], Image.Resampling.BILINEAR))
