"""Several kinds of patch features side by side."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F  # noqa: N812 torch's own idiom
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.features._base import PatchFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence


class JoinedFeatures(PatchFeatures):
    """The vectors of several patch features, resized to the finest grid and concatenated.

    Attributes:
        parts: the patch features.
        spans: for each of them its first channel, and the one behind its last.
    """

    def __init__(self, parts: Sequence[PatchFeatures]) -> None:
        nn.Module.__init__(self)
        self.parts = cast("Sequence[PatchFeatures]", nn.ModuleList(parts))
        self.grid = max((part.grid for part in parts), key=lambda grid: grid[0] * grid[1])
        counts = [part.channels for part in parts]
        ends = torch.tensor([0, *counts]).cumsum(dim=0).tolist()
        self.spans = list(pairwise(ends))
        offsets = torch.tensor([0, *(int(part.groups.max()) + 1 for part in parts)]).cumsum(dim=0)
        shifted = [part.groups + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
        self.groups = torch.cat(shifted)  # (C,)

    def maps(self, image: Tensor) -> Tensor:
        """Return the vectors as maps (N, C, h, w)."""
        return torch.cat([self._placed(part.maps(image)) for part in self.parts], dim=1)

    def _placed(self, maps: Tensor) -> Tensor:
        if tuple(maps.shape[-2:]) == self.grid:
            return maps
        return F.interpolate(maps, size=self.grid, mode="bilinear", align_corners=False)
