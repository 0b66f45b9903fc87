"""Features without weights: fixed filters for orientation, contrast and colour on a small pyramid.

The same filters run on the image, its half and its quarter. The logarithms of their responses, whose
distribution is near a Gaussian, are pooled to a grid of 8 pixels, by average for textures and by maximum for
small marks, and leave as one map of 45 channels.
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
_FLOOR = 1e-5  # power that counts as nothing, below that of one grey level; intensities run from 0 to 1
_OPPONENT = (
    (1 / 3, 1 / 3, 1 / 3),
    (1 / 2, -1 / 2, 0.0),
    (1 / 4, 1 / 4, -1 / 2),
)  # light, red-green, yellow-blue


class Filters(Features):
    """Gabor energies and local contrasts in logarithms, and mean colour."""

    scale_by_channel: ClassVar[bool] = True
    zero_beyond_border = False
    opponent: Tensor
    gabors: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.info = {"backbone": "filters", "stride": STRIDE}
        self.register_buffer("opponent", torch.tensor(_OPPONENT)[:, :, None, None])  # (3, 3, 1, 1)
        self.register_buffer("gabors", _gabor_pairs())  # (2 * orientations, 1, k, k)
        self.register_buffer("window", _gaussian(1.6))  # (1, 1, k, k)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return one map (N, 45, ceil(H / 8), ceil(W / 8)) for uint8 (N, H, W, 3)."""
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
        parts = _convolve(level[:, :1], self.gabors)
        energy = _log(parts[:, 0::2].square() + parts[:, 1::2].square())
        contrast = torch.cat([self._contrast(level[:, index : index + 1]) for index in range(3)], dim=1)
        responses = torch.cat([energy, contrast], dim=1)
        return [F.avg_pool2d(responses, stride), F.max_pool2d(responses, stride)]

    def _contrast(self, channel: Tensor) -> Tensor:
        deviation = channel - _convolve(channel, self.window)
        return _log(_convolve(deviation.square(), self.window))


def _log(power: Tensor) -> Tensor:
    return (power + _FLOOR).log() / 2


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
