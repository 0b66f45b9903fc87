"""The fit of PaDiM: means per position and covariances, gathered one image after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pyimgano_core.detectors.torch_parts.device import fitting, one_thread
from pyimgano_core.detectors.torch_parts.export import export_scorer
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.gaussian import (
    FullGaussian,
    Gaussian,
    LowRankGaussian,
    SharedGaussian,
    leading_directions,
    whitening,
)
from pyimgano_core.detectors.torch_parts.moments import GridMoments, SharedMoments
from pyimgano_core.detectors.torch_parts.patches import group_deviations, iterate_patches
from pyimgano_core.detectors.torch_parts.scorer import build_scorer
from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.padim import Padim
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress

_LARGEST = 3 * 2**29  # bytes: one ONNX file holds at most 2^31


def fit_padim(
    options: Padim, images: ImageSource, *, seed: int, device: str, progress: Progress
) -> ScorerGraph:
    """Fit `options` to `images`; see `Detector.fit`."""
    with fitting(device) as (target, clock):
        patches = build_patch_features(options.features, images, seed=seed, device=target, progress=progress)
        _check_size(options, patches)
        dimensions = choose_dimensions(options, patches.channels, seed)
        vectors = iterate_patches(images, patches, target, progress)
        moments = _gather(options, vectors, dimensions.to(target), patches.grid)
        clock.lap("features")
        head = position_gaussian(options, moments, dimensions, patches.groups, progress)
        del moments  # by far the largest, and the export needs memory of its own
        scorer = build_scorer(options, patches, head, images.size)
        clock.lap("covariances")
    info = {
        "features": patches.features.info,
        "device": str(target),
        "score_unit": "Mahalanobis distance to normal patches around the position",
        "covariance": options.covariance,
        "dimensions": len(dimensions),
        "positions": patches.grid[0] * patches.grid[1],
        "rank": head.factor.shape[-1],
    }
    return export_scorer(scorer, detector="padim", info=info, clock=clock, progress=progress)


def _check_size(options: Padim, patches: PatchFeatures) -> None:
    needed = options.learnt_bytes(patches.grid[0] * patches.grid[1], patches.channels)
    if needed > _LARGEST:
        advice = "choose 'shared', a smaller dataset.resize, or fewer dimensions"
        size = f"{needed / 2**20:.0f} MB, where a model holds at most {_LARGEST // 2**20}; {advice}"
        raise ConfigError([f"$.model.options.covariance: {options.covariance!r} needs {size}"])


def choose_dimensions(options: Padim, channels: int, seed: int) -> Tensor:
    """Return (D,) channels, sorted, drawn at random from so many."""
    generator = torch.Generator().manual_seed(seed)
    count = min(options.dimensions, channels)
    return torch.randperm(channels, generator=generator)[:count].sort().values


def _gather(
    options: Padim, vectors: Iterable[Tensor], dimensions: Tensor, grid: tuple[int, int]
) -> GridMoments | SharedMoments:
    chosen = (vector.index_select(1, dimensions) for vector in vectors)
    if options.covariance == "shared":
        return SharedMoments(chosen, grid, options.neighbourhood)
    return GridMoments(chosen, grid, options.neighbourhood)


def position_gaussian(
    options: Padim,
    moments: GridMoments | SharedMoments,
    dimensions: Tensor,
    groups: Tensor,
    progress: Progress,
) -> Gaussian:
    """Scale the channels by their groups' deviation and that of the isotropic part; bring to its form."""
    total, within = moments.variances()
    deviation = group_deviations(total, torch.unique(groups[dimensions], return_inverse=True)[1])
    isotropic = options.regularization * (within / deviation.square()).mean()
    if float(isotropic) <= 0:  # no variance at all: plain distances in scaled units
        isotropic = torch.ones_like(isotropic)
    scale = 1 / (deviation * isotropic.sqrt())  # (D,)
    if isinstance(moments, SharedMoments):
        means, factor = moments.means, whitening(moments.covariance * scale[:, None] * scale)
        form: type[Gaussian] = SharedGaussian
    else:
        means, factor = _by_position(options, moments, scale, progress)
        form = FullGaussian if options.covariance == "full" else LowRankGaussian
    return form(dimensions.to(scale.device), scale.float(), (means * scale).float(), factor.float())


def _by_position(
    options: Padim, moments: GridMoments, scale: Tensor, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Return means (P, D) and factors (P, D, R), one row of the grid after the other."""
    means, factors = [], []
    with one_thread():
        for mean, covariance in progress.track(moments.rows(), "covariances", moments.height):
            scaled = covariance * (scale[:, None] * scale)
            full = options.covariance == "full"
            factor = whitening(scaled) if full else leading_directions(scaled, min(options.rank, len(scale)))
            means.append(mean)
            factors.append(factor.float())
    return torch.cat(means), torch.cat(factors)
