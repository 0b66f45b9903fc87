"""The fit of PaDiM: a mean and a covariance per position, gathered one image after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.device import one_thread, reproducible, resolve_device
from pyimgano_core.detectors.torch_parts.export import export_scorer
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.moments import GridMoments
from pyimgano_core.detectors.torch_parts.patches import group_deviations, iterate_patches
from pyimgano_core.detectors.torch_parts.scorer import Scorer

if TYPE_CHECKING:
    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.padim import Padim
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress


class PositionGaussian(nn.Module):
    """Mahalanobis distance to a Gaussian per position.

    The covariance is `V diag(l) V' + e I`, so its inverse is `(I - A A') / e` with
    `A = V diag(sqrt(l / (l + e)))`, and no large matrix has to be stored.

    Args:
        dimensions: (D,) the channels in use.
        scale: (D,) what they are multiplied with, `1 / sqrt(e)` included.
        mean: (P, D) means, scaled alike.
        factor: (P, D, R) the matrices A.
    """

    dimensions: Tensor
    scale: Tensor
    mean: Tensor
    factor: Tensor

    def __init__(self, dimensions: Tensor, scale: Tensor, mean: Tensor, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("dimensions", dimensions)
        self.register_buffer("scale", scale)
        self.register_buffer("mean", mean)
        self.register_buffer("factor", factor)

    def forward(self, patches: Tensor) -> Tensor:
        """Return distances (N, P) of patch vectors (N, P, C)."""
        deviation = patches.index_select(2, self.dimensions) * self.scale - self.mean  # (N, P, D)
        along = deviation.transpose(0, 1) @ self.factor  # (P, N, R)
        squared = deviation.square().sum(dim=2) - along.square().sum(dim=2).transpose(0, 1)
        return squared.clamp(min=0).sqrt()


def fit_padim(
    options: Padim, images: ImageSource, *, seed: int, device: str, progress: Progress
) -> ScorerGraph:
    """Fit `options` to `images`; see `Detector.fit`."""
    target = resolve_device(device)
    started = time.perf_counter()
    with reproducible():
        patches = build_patch_features(options.features, images.size, seed)
        dimensions = _choose_dimensions(options, patches, seed)
        vectors = iterate_patches(images, patches, target, progress)
        chosen = (vector.index_select(1, dimensions.to(target)) for vector in vectors)
        moments = GridMoments(chosen, patches.grid, options.neighbourhood)
        featured = time.perf_counter()
        head = _gaussian(options, moments, dimensions, patches.groups, progress)
        scorer = Scorer(
            patches,
            head,
            size=images.size,
            smoothing=options.smoothing,
            score_fraction=options.score_fraction,
        ).cpu()
    info = {
        "features": patches.features.info,
        "device": str(target),
        "dimensions": len(dimensions),
        "positions": patches.grid[0] * patches.grid[1],
        "rank": head.factor.shape[2],
    }
    seconds = {"features": featured - started, "covariances": time.perf_counter() - featured}
    return export_scorer(scorer, detector="padim", info=info, seconds=seconds, progress=progress)


def _choose_dimensions(options: Padim, patches: PatchFeatures, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    count = min(options.dimensions, patches.channels)
    return torch.randperm(patches.channels, generator=generator)[:count].sort().values


def _gaussian(
    options: Padim, moments: GridMoments, dimensions: Tensor, groups: Tensor, progress: Progress
) -> PositionGaussian:
    """Scale the channels by their groups' deviation, then keep the leading directions of each covariance."""
    total, within = moments.variances()
    deviation = group_deviations(total, torch.unique(groups[dimensions], return_inverse=True)[1])
    isotropic = options.regularization * (within / deviation.square()).mean()
    if float(isotropic) <= 0:  # no variance at all: plain distances in scaled units
        isotropic = torch.ones_like(isotropic)
    rank = min(options.rank, len(dimensions))
    means, factors = [], []
    with one_thread():
        for mean, covariance in progress.track(moments.rows(), "covariances", moments.height):
            values, vectors = torch.linalg.eigh(covariance / (deviation[:, None] * deviation))  # ascending
            values = values[:, -rank:].clamp(min=0)  # (w, R)
            factors.append(vectors[:, :, -rank:] * (values / (values + isotropic)).sqrt()[:, None, :])
            means.append(mean)
    scale = 1 / (deviation * isotropic.sqrt())
    return PositionGaussian(
        dimensions.to(scale.device),
        scale.float(),
        (torch.cat(means) * scale).float(),
        torch.cat(factors).float(),
    )
