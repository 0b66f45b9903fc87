"""From uint8 images to scores and anomaly maps in one torch module, made to be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pyimgano_core.detectors._rating import RatingOptions
    from pyimgano_core.detectors.contract import ScoresAndMaps
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures

_TRUNCATE = 4.0  # standard deviations


class Scorer(nn.Module):
    """Patch features, a head that rates each patch, the map and the score.

    Args:
        patches: uint8 (N, H, W, 3) to patch vectors (N, P, C).
        head: patch vectors to distances (N, P). What a fit learns are its buffers.
        size: height and width of the input.
        smoothing: standard deviation of the map's Gaussian, in input pixels.
        score_fraction: the share of the patches, the farthest, whose mean distance is the score.
    """

    rows: Tensor
    columns: Tensor

    def __init__(
        self,
        patches: PatchFeatures,
        head: nn.Module,
        *,
        size: tuple[int, int],
        smoothing: float,
        score_fraction: float,
    ) -> None:
        super().__init__()
        self.patches = patches
        self.head = head
        self.size = size
        self.grid = patches.grid
        self.count = max(1, round(score_fraction * self.grid[0] * self.grid[1]))
        self.register_buffer("rows", enlarging(self.grid[0], size[0], smoothing))  # (H, h)
        self.register_buffer("columns", enlarging(self.grid[1], size[1], smoothing).T.contiguous())  # (w, W)

    @property
    def reduction(self) -> str:
        """How the score comes from the distances of the patches."""
        return f"mean distance of the {self.count} farthest of {self.grid[0] * self.grid[1]} patches"

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (N,) and maps (N, H, W) for uint8 (N, H, W, 3)."""
        patches = self.patches(image)  # (N, P, C)
        distances = self.head(patches)  # (N, P)
        grid = distances.reshape(-1, *self.grid)
        return self.reduce(patches, distances), self.rows @ grid @ self.columns

    def reduce(self, patches: Tensor, distances: Tensor) -> Tensor:  # noqa: ARG002 others look at them
        """Return scores (N,) of patch vectors (N, P, C) and their distances (N, P)."""
        return distances.topk(self.count, dim=1).values.mean(dim=1)

    def run(self, images: NDArray[np.uint8]) -> ScoresAndMaps:
        """Return scores (N,) and maps (N, H, W) of images (N, H, W, 3) as arrays."""
        with torch.no_grad():
            score, anomaly_map = self(torch.from_numpy(images))
        return score.numpy(), anomaly_map.numpy()


def build_scorer(
    options: RatingOptions,
    patches: PatchFeatures,
    head: nn.Module,
    size: tuple[int, int],
    kind: type[Scorer] = Scorer,
) -> Scorer:
    """Return the scorer of a fitted head on the CPU, for images of height and width `size`."""
    return kind(
        patches, head, size=size, smoothing=options.smoothing, score_fraction=options.score_fraction
    ).cpu()


def enlarging(small: int, large: int, sigma: float) -> Tensor:
    """Return the matrix (large, small) that enlarges a line bilinearly, then smooths it with a Gaussian.

    Both steps are linear and separable, so a map is enlarged by one such matrix on either side. Half-pixel
    centres; beyond its ends a line continues with its last value.
    """
    positions = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
    below = np.minimum(positions.astype(int), max(small - 2, 0))
    share = positions - below
    bilinear = np.zeros((large, small))
    np.add.at(bilinear, (np.arange(large), below), 1 - share)
    np.add.at(bilinear, (np.arange(large), np.minimum(below + 1, small - 1)), share)
    return torch.from_numpy((_smoothing(large, sigma) @ bilinear).astype(np.float32))


def _smoothing(length: int, sigma: float) -> NDArray[np.float64]:
    if sigma == 0:
        return np.eye(length)
    radius = int(np.ceil(_TRUNCATE * sigma))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    matrix = np.zeros((length, length))
    sources = np.clip(np.arange(length)[:, None] + offsets, 0, length - 1)
    np.add.at(matrix, (np.arange(length)[:, None], sources), weights / weights.sum())
    return matrix
