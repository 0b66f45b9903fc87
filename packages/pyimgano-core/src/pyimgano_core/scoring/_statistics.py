"""Simple facts of an image as the model sees it, by which drift is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.drift import ImageStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_DIGITS = 6  # more would tell how a processor rounds


def image_statistics(pixels: NDArray[np.uint8], looked_at: NDArray[np.bool_] | None) -> ImageStatistics:
    """Return brightness and sharpness, to 6 significant digits.

    Args:
        pixels: (h, w, 3) RGB.
        looked_at: (h, w), which pixels count; None for all.
    """
    luma = pixels @ np.array(_LUMA, np.float32)  # (h, w)
    padded = np.pad(luma, 1, mode="edge")
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * luma
    if looked_at is not None and looked_at.any():
        luma, laplacian = luma[looked_at], laplacian[looked_at]
    return ImageStatistics(
        brightness=_rounded(luma.mean(dtype=np.float64)),
        sharpness=_rounded(laplacian.var(dtype=np.float64)),
    )


def _rounded(value: np.float64) -> float:
    return float(f"{value:.{_DIGITS}g}")
