"""Features without weights: fixed filters for orientation, spots, contrast and colour on a small pyramid.

The same filters run on the image, its half and its quarter. Their responses are pooled to a grid of 8 pixels,
by average for textures and by maximum for small marks, and leave as one map of 51 channels.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 torch's own idiom
from torch import Tensor

from pyimgano_core.detectors.torch_parts.features._base import Features

STRIDE = 8
_LEVELS = 3
_ORIENTATIONS = 4
_WAVELENGTH = 4.0  # pixels of the level
_FLOOR = 1e-3  # keeps square roots smooth where an image is flat; intensities run from 0 to 1
_OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (1 / 2, -1 / 2, 0.0), (1 / 4, 1 / 4, -1 / 2))  # light, red-green, yellow-blue


class Filters(Features):
    """Gabor energies, differences of Gaussians, local contrast and mean colour."""

    scale_by_channel: ClassVar[bool] = True
    opponent: Tensor
    gabors: Tensor
    fine: Tensor
    coarse: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.info = {"backbone": "filters", "stride": STRIDE}
        self.register_buffer("opponent", torch.tensor(_OPPONENT)[:, :, None, None])  # (3, 3, 1, 1)
        self.register_buffer("gabors", _gabor_pairs())  # (2 * orientations, 1, k, k)
        self.register_buffer("fine", _gaussian(1.0))  # (1, 1, k, k)
        self.register_buffer("coarse", _gaussian(1.6))  # (1, 1, k, k)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return one map (N, 51, ceil(H / 8), ceil(W / 8)) for uint8 (N, H, W, 3)."""
        height, width = image.shape[1:3]
        pixels = image.permute(0, 3, 1, 2).to(torch.float32) / 255
        pixels = F.pad(pixels, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        level = F.conv2d(pixels, self.opponent)  # (N, 3, H, W)
        maps = [F.avg_pool2d(level, STRIDE)]
        for index in range(_LEVELS):
            maps += self._responses(level, STRIDE >> index)
            level = F.avg_pool2d(level, 2)
        return [torch.cat(maps, dim=1)]

    def _responses(self, level: Tensor, stride: int) -> list[Tensor]:
        light = level[:, :1]
        parts = _convolve(light, self.gabors)
        energy = (parts[:, 0::2].square() + parts[:, 1::2].square() + _FLOOR**2).sqrt()
        spots = _convolve(light, self.fine) - _convolve(light, self.coarse)
        contrast = torch.cat([self._contrast(level[:, index : index + 1]) for index in range(3)], dim=1)
        return [
            F.avg_pool2d(energy, stride),
            F.max_pool2d(energy, stride),
            F.max_pool2d(spots, stride),
            F.max_pool2d(-spots, stride),
            F.avg_pool2d(contrast, stride),
            F.max_pool2d(contrast, stride),
        ]

    def _contrast(self, channel: Tensor) -> Tensor:
        deviation = channel - _convolve(channel, self.coarse)
        return (_convolve(deviation.square(), self.coarse) + _FLOOR**2).sqrt()


def _convolve(channel: Tensor, kernels: Tensor) -> Tensor:
    radius = kernels.shape[-1] // 2
    return F.conv2d(F.pad(channel, (radius, radius, radius, radius), mode="replicate"), kernels)


def _gaussian(sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    line = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma).square())
    kernel = line[:, None] * line[None, :]
    return (kernel / kernel.sum())[None, None]


def _gabor_pairs() -> Tensor:
    """Even and odd Gabor kernels in turn for each orientation; the even ones ignore constant light."""
    sigma = _WAVELENGTH / 2
    radius = math.ceil(2.5 * sigma)
    axis = torch.arange(-radius, radius + 1, dtype=torch.float32)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    window = torch.exp(-0.5 * (rows.square() + columns.square()) / sigma**2)
    window = window / window.sum()
    kernels = []
    for index in range(_ORIENTATIONS):
        angle = math.pi * index / _ORIENTATIONS
        phase = 2 * math.pi / _WAVELENGTH * (columns * math.cos(angle) + rows * math.sin(angle))
        even = window * torch.cos(phase)
        kernels += [even - window * even.sum(), window * torch.sin(phase)]
    return torch.stack(kernels)[:, None]
