"""Maps of several layers to one vector per patch: the locally aware patch features of PatchCore."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 torch's own idiom
from torch import Tensor, nn


class Features(nn.Module):
    """Base of feature extractors.

    `forward` takes uint8 (N, H, W, 3) and returns maps (N, C, h, w), one per layer.

    Attributes:
        info: facts for the record, ready for JSON, without paths.
        scale_by_channel: whether the channels of a map have units of their own, so that each is scaled by
            itself; else all channels of a map are scaled alike.
        zero_beyond_border: whether a 3x3 average at the border counts zeros outside, as published for
            networks, whose rectified features rest at zero; else it is over the inside only.
    """

    scale_by_channel: ClassVar[bool] = False
    zero_beyond_border: bool = True
    info: dict[str, Any]


class PatchFeatures(nn.Module):
    """One vector per patch: maps averaged over 3x3, resized to the finest grid and concatenated.

    Attributes:
        grid: rows and columns of patches.
        groups: for each channel the number of its scaling group.
    """

    def __init__(self, features: Features, size: tuple[int, int]) -> None:
        super().__init__()
        self.features = features
        with torch.no_grad():
            maps = features(torch.zeros(1, *size, 3, dtype=torch.uint8))
        shapes = [(int(layer.shape[-2]), int(layer.shape[-1])) for layer in maps]
        self.grid = max(shapes, key=lambda shape: shape[0] * shape[1])
        counts = [int(layer.shape[1]) for layer in maps]
        self.groups = torch.arange(sum(counts))  # (C,)
        if not features.scale_by_channel:
            self.groups = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))

    @property
    def channels(self) -> int:
        """The length of a patch's vector."""
        return len(self.groups)

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, P, C) for uint8 (N, H, W, 3); P runs over the grid's rows first."""
        return self.maps(image).flatten(2).mT

    def maps(self, image: Tensor) -> Tensor:
        """Return the same as maps (N, C, h, w)."""
        return torch.cat([self._on_grid(layer) for layer in self.features(image)], dim=1)

    def _on_grid(self, layer: Tensor) -> Tensor:
        zeros = self.features.zero_beyond_border
        layer = F.avg_pool2d(layer, 3, stride=1, padding=1, count_include_pad=zeros)
        if tuple(layer.shape[-2:]) == self.grid:
            return layer
        return F.interpolate(layer, size=self.grid, mode="bilinear", align_corners=False)
