"""The fit of PatchCore: candidate patches, a coreset of them, and the search for the nearest one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.coreset import select_coreset
from pyimgano_core.detectors.torch_parts.device import reproducible, resolve_device
from pyimgano_core.detectors.torch_parts.export import export_scorer
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.patches import group_deviations, iterate_patches
from pyimgano_core.detectors.torch_parts.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.patchcore import PatchCore
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress

_BYTES_PER_VALUE = 4
_MIB = 2**20


class NearestNeighbour(nn.Module):
    """Distance to the nearest vector of a bank, exact.

    Args:
        bank: (B, C) remembered vectors, scaled and centred.
        scale: (C,) what patch vectors are multiplied with.
        center: (C,) what is subtracted then; a centred bank keeps the rounding of the squares small.
    """

    bank: Tensor
    squares: Tensor
    scale: Tensor
    center: Tensor

    def __init__(self, bank: Tensor, scale: Tensor, center: Tensor) -> None:
        super().__init__()
        self.register_buffer("bank", bank)
        self.register_buffer("squares", bank.square().sum(dim=1))  # (B,)
        self.register_buffer("scale", scale)
        self.register_buffer("center", center)

    def forward(self, patches: Tensor) -> Tensor:
        """Return distances (N, P) of patch vectors (N, P, C)."""
        query = (patches * self.scale - self.center).flatten(0, 1)  # (N * P, C)
        partial = nn.functional.linear(query * -2, self.bank, self.squares)  # |b|^2 - 2 q.b
        squared = partial.amin(dim=1) + query.square().sum(dim=1)
        return squared.clamp(min=0).sqrt().reshape(-1, patches.shape[1])


def fit_patchcore(
    options: PatchCore, images: ImageSource, *, seed: int, device: str, progress: Progress
) -> ScorerGraph:
    """Fit `options` to `images`; see `Detector.fit`."""
    target = resolve_device(device)
    generator = torch.Generator().manual_seed(seed)
    started = time.perf_counter()
    with reproducible():
        patches = build_patch_features(options.features, images.size, seed)
        vectors = iterate_patches(images, patches, target, progress)
        per_image = -(-options.candidates // max(1, len(images)))
        candidates = _sample(vectors, per_image, generator)  # (M, C)
        featured = time.perf_counter()
        deviation = group_deviations(candidates.var(dim=0, correction=0), patches.groups)
        candidates /= deviation
        center = candidates.mean(dim=0)
        candidates -= center
        count = _bank_size(options, images, patches, len(candidates))
        chosen = select_coreset(candidates, count, generator=generator, progress=progress)
        head = NearestNeighbour(candidates[chosen], 1 / deviation, center)
        selected = time.perf_counter()
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
        "bank_size": count,
        "bank_dimensions": patches.channels,
        "candidates": len(candidates),
        "patches": len(images) * patches.grid[0] * patches.grid[1],
    }
    seconds = {"features": featured - started, "coreset": selected - featured}
    return export_scorer(scorer, detector="patchcore", info=info, seconds=seconds, progress=progress)


def _sample(vectors: Iterable[Tensor], per_image: int, generator: torch.Generator) -> Tensor:
    """Return (M, C): so many vectors of each image, drawn at random, in their own order."""
    kept = []
    for image in vectors:
        drawn = torch.randperm(len(image), generator=generator)[:per_image]
        kept.append(image[drawn.sort().values.to(image.device)])
    return torch.cat(kept)


def _bank_size(options: PatchCore, images: ImageSource, patches: PatchFeatures, available: int) -> int:
    wanted = round(options.coreset_ratio * len(images) * patches.grid[0] * patches.grid[1])
    affordable = int(options.memory_budget_mb * _MIB) // (_BYTES_PER_VALUE * patches.channels)
    return max(1, min(wanted, affordable, available))
