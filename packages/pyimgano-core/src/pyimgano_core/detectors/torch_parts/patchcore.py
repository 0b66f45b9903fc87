"""The fit of PatchCore: candidate patches of all images, and a coreset of them that fits the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pyimgano_core.detectors.torch_parts.coreset import select_coreset
from pyimgano_core.detectors.torch_parts.device import fitting
from pyimgano_core.detectors.torch_parts.export import export_scorer
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.moments import smallest_variance
from pyimgano_core.detectors.torch_parts.nearest import NearestNeighbour, ReweightedScorer
from pyimgano_core.detectors.torch_parts.patches import (
    EvenlyChosen,
    even_shares,
    group_deviations,
    iterate_patches,
)
from pyimgano_core.detectors.torch_parts.scorer import Scorer, build_scorer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.patchcore import PatchCore
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress


def fit_patchcore(
    options: PatchCore, images: ImageSource, *, seed: int, device: str, progress: Progress
) -> ScorerGraph:
    """Fit `options` to `images`; see `Detector.fit`."""
    with fitting(device) as (target, clock):
        patches = build_patch_features(options.features, images, seed=seed, device=target, progress=progress)
        chosen = EvenlyChosen(images, options.candidates)
        vectors = iterate_patches(chosen, patches, target, progress)
        candidates = _draw(options, chosen, patches, vectors, seed)  # (M, C)
        clock.lap("features")
        patch_count = len(images) * patches.grid[0] * patches.grid[1]
        scale, center = scale_candidates(candidates, patches.groups)
        bank = choose_bank(candidates, options.bank_size(patch_count, patches.channels), seed, progress)
        head = NearestNeighbour(
            bank,
            scale,
            center,
            largest=min(options.candidates, options.affordable(patches.channels)),
            neighbours=options.reweight_neighbours,
        )
        kind = ReweightedScorer if head.neighbours > 1 else Scorer  # a single one is no neighbourhood
        scorer = build_scorer(options, patches, head, images.size, kind)
        clock.lap("coreset")
    info = {
        "features": patches.features.info,
        "device": str(target),
        "score_unit": "distance to the nearest normal patch, in features whose layers have unit variance",
        "bank_size": len(bank),
        "bank_dimensions": patches.channels,
        "candidates": len(candidates),
        "patches": patch_count,
    }
    del candidates, bank  # the export needs memory of its own
    return export_scorer(scorer, detector="patchcore", info=info, clock=clock, progress=progress)


def _draw(
    options: PatchCore, images: ImageSource, patches: PatchFeatures, vectors: Iterable[Tensor], seed: int
) -> Tensor:
    """Return candidates (M, C): as many `vectors` of each of `images`, drawn at random, in their order."""
    generator = torch.Generator().manual_seed(seed)
    positions = patches.grid[0] * patches.grid[1]
    shares = even_shares(min(options.candidates, len(images) * positions), len(images))
    candidates = torch.empty(0)
    start = 0
    for share, image in zip(shares, vectors, strict=True):
        if start == 0:
            candidates = image.new_empty(sum(shares), patches.channels)
        drawn = torch.randperm(positions, generator=generator)[:share].sort().values
        candidates[start : start + share] = image[drawn.to(image.device)]
        start += share
    return candidates


def scale_candidates(candidates: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and centre candidates (M, C) in place; return (C,) what they were multiplied with, less what."""
    floor = smallest_variance(candidates[0]).float()  # of constant channels the rounding alone would remain
    deviation = group_deviations(candidates.var(dim=0, correction=0).maximum(floor), groups)
    candidates /= deviation
    center = candidates.mean(dim=0)
    candidates -= center
    return 1 / deviation, center


def choose_bank(candidates: Tensor, count: int, seed: int, progress: Progress) -> Tensor:
    """Return (count, C) of the candidates (M, C), a coreset of them."""
    if count == len(candidates):
        return candidates
    generator = torch.Generator().manual_seed(seed)
    return candidates[select_coreset(candidates, count, generator=generator, progress=progress)]
