"""Blur by a kernel of any size, through the Fourier transform; the border is repeated outwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def disk(radius: float) -> NDArray[np.float32]:
    """Return the (K, K) kernel of a lens out of focus: a soft disk of `radius` pixels, of sum 1."""
    rows, columns = _grid(radius)
    return _normalised(np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1))


def line(length: float, angle: float) -> NDArray[np.float32]:
    """Return the (K, K) kernel of a motion by `length` pixels, a soft line at `angle` (radians), of sum 1."""
    rows, columns = _grid(length / 2)
    along = np.abs(columns * np.cos(angle) + rows * np.sin(angle))
    across = np.abs(rows * np.cos(angle) - columns * np.sin(angle))
    return _normalised(np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(1 - across, 0, 1))


def blur(image: NDArray[np.uint8], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image (H, W, C) convolved with a kernel (K, K) of odd K, (H, W, C)."""
    margin = kernel.shape[0] // 2
    height, width = image.shape[:2]
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "edge")
    size = (height + 4 * margin, width + 4 * margin)  # of a convolution that does not wrap around
    spectrum = np.fft.rfft2(kernel, size)
    blurred = [
        np.fft.irfft2(np.fft.rfft2(padded[:, :, channel], size) * spectrum, size)
        for channel in range(image.shape[2])
    ]
    inner = slice(2 * margin, 2 * margin + height), slice(2 * margin, 2 * margin + width)
    return np.stack([plane[inner] for plane in blurred], axis=2).astype(np.float32)


def _grid(reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    half = int(np.ceil(reach + 0.5))
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    rows, columns = np.meshgrid(offsets, offsets, indexing="ij")
    return rows, columns


def _normalised(kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    normalised: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return normalised
