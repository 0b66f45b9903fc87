"""The fit of the ensemble: each member is calibrated on images that it has not seen, then fitted to all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812 torch's own idiom
from torch import Tensor, nn

from pyimgano_core.detectors.dictionary import CANDIDATES
from pyimgano_core.detectors.torch_parts.device import fitting
from pyimgano_core.detectors.torch_parts.export import export_scorer
from pyimgano_core.detectors.torch_parts.features import JoinedFeatures, build_patch_features
from pyimgano_core.detectors.torch_parts.moments import GridMoments
from pyimgano_core.detectors.torch_parts.nearest import NearestNeighbour
from pyimgano_core.detectors.torch_parts.padim import choose_dimensions, position_gaussian
from pyimgano_core.detectors.torch_parts.patchcore import choose_bank, scale_candidates
from pyimgano_core.detectors.torch_parts.patches import EvenlyChosen, iterate_patches
from pyimgano_core.detectors.torch_parts.scorer import build_scorer
from pyimgano_core.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.dictionary import Dictionary
    from pyimgano_core.detectors.padim import Padim
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress

_FOLDS = 2
_AROUND = 7  # positions: a distance is calibrated over so many rows and columns
_SHRINKAGE = 0.1  # of the variance over the whole grid, added to that around a position
_SMALLEST = 0.01  # of the root of the dimensions: a deviation that calibration never falls below


class Member(nn.Module):
    """Distances in standard deviations above what is usual for normal images around the position.

    Args:
        rate: patch vectors of a kind of features to distances (N, P).
        span: the kind's first channel, and the one behind its last.
        usual: (P,) mean distance of normal images.
        per_deviation: (P,) one over the standard deviation.
    """

    usual: Tensor
    per_deviation: Tensor

    def __init__(self, rate: nn.Module, span: tuple[int, int], usual: Tensor, per_deviation: Tensor) -> None:
        super().__init__()
        self.rate = rate
        self.span = span
        self.register_buffer("usual", usual)
        self.register_buffer("per_deviation", per_deviation)

    def extra_repr(self) -> str:
        """Return what the exported graph depends on apart from the buffers."""
        return f"span={self.span}"

    def forward(self, patches: Tensor) -> Tensor:
        """Return calibrated distances (N, P) of patch vectors (N, P, C)."""
        first, end = self.span
        distances: Tensor = self.rate(patches[:, :, first:end])
        return (distances - self.usual) * self.per_deviation


class Ensemble(nn.Module):
    """The mean over members."""

    def __init__(self, members: list[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, patches: Tensor) -> Tensor:
        """Return calibrated distances (N, P) of patch vectors (N, P, C)."""
        return torch.stack([member(patches) for member in self.members]).mean(dim=0)


def fit_dictionary(
    options: Dictionary, images: ImageSource, *, seed: int, device: str, progress: Progress
) -> ScorerGraph:
    """Fit `options` to `images`; see `Detector.fit`."""
    with fitting(device) as (target, clock):
        build = partial(build_patch_features, seed=seed, device=target, progress=progress)
        patches = JoinedFeatures([build(kind, images) for kind in options.kinds])
        vectors = _gather(options, images, patches, target, progress)  # (M, P, C)
        clock.lap("features")
        fits = list(_member_fits(options, patches, seed))
        members = [
            _calibrated(fit, span, vectors, patches.grid)
            for fit, span in progress.track(fits, "ensemble", len(fits))
        ]
        scorer = build_scorer(options, patches, Ensemble(members), images.size)
        clock.lap("members")
    info = {
        "features": patches.parts[-1].features.info,
        "dictionary": patches.parts[0].features.info,
        "device": str(target),
        "score_unit": "standard deviations above the mean of normal images that were held out",
        "members": len(members),
        "images_in_use": len(vectors),
        "calibrated_on": "held-out train images" if len(vectors) > 1 else "the one train image itself",
    }
    del vectors  # the export needs memory of its own
    return export_scorer(scorer, detector="dictionary", info=info, clock=clock, progress=progress)


def _gather(
    options: Dictionary,
    images: ImageSource,
    patches: JoinedFeatures,
    device: torch.device,
    progress: Progress,
) -> Tensor:
    """Return the patch vectors (M, P, C) of as many images as the budget allows."""
    positions = patches.grid[0] * patches.grid[1]
    chosen = EvenlyChosen(images, options.image_limit(positions, patches.channels))
    vectors = torch.empty(len(chosen), positions, patches.channels, device=device)
    for index, image in enumerate(iterate_patches(chosen, patches, device, progress)):
        vectors[index] = image
    return vectors


def _member_fits(
    options: Dictionary, patches: JoinedFeatures, seed: int
) -> Iterator[tuple[Callable[[Tensor], nn.Module], tuple[int, int]]]:
    """Yield what fits a member to vectors (M, P, c) of a kind of features, and the channels of that kind."""
    for part, span in zip(patches.parts, patches.spans, strict=True):
        yield partial(_gaussian, options=options.gaussian, part=part, grid=patches.grid, seed=seed), span
        yield partial(_nearest, size=options.bank_size, part=part, seed=seed), span


def _gaussian(
    vectors: Tensor, *, options: Padim, part: PatchFeatures, grid: tuple[int, int], seed: int
) -> nn.Module:
    dimensions = choose_dimensions(options, part.channels, seed)
    chosen = vectors.index_select(2, dimensions.to(vectors.device))
    moments = GridMoments(chosen, grid, options.neighbourhood)
    return position_gaussian(options, moments, dimensions, part.groups, SilentProgress())


def _nearest(vectors: Tensor, *, size: int, part: PatchFeatures, seed: int) -> nn.Module:
    vectors = vectors.flatten(0, 1)  # (M * P, c)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(vectors), generator=generator)[:CANDIDATES]
    candidates = vectors[drawn.to(vectors.device)]
    scale, center = scale_candidates(candidates, part.groups)
    bank = choose_bank(candidates, min(size, len(candidates)), seed, SilentProgress())
    return NearestNeighbour(bank, scale, center, largest=size)


def _calibrated(
    fit: Callable[[Tensor], nn.Module], span: tuple[int, int], vectors: Tensor, grid: tuple[int, int]
) -> Member:
    own = vectors[:, :, span[0] : span[1]]  # (M, P, c)
    count = len(own)
    folds = min(_FOLDS, count)
    held_out = own.new_empty(own.shape[:2])  # (M, P)
    for fold in range(folds):
        rate = fit(own[[index for index in range(count) if index % folds != fold] or [fold]])
        for index in range(fold, count, folds):
            held_out[index] = rate(own[index : index + 1])[0]
    usual, variance = _statistics_around(held_out.double(), grid)
    smallest = _SMALLEST**2 * own.shape[2]  # distances are in units in which a channel varies by about 1
    return Member(fit(own), span, usual.float(), variance.clamp(min=smallest).rsqrt().float())


def _statistics_around(distances: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return mean and variance (P,) of distances (M, P) over the positions around each."""
    usual = _average_around(distances.mean(dim=0), grid)
    spread = (distances - usual).square().mean(dim=0)
    return usual, _average_around(spread, grid) + _SHRINKAGE * spread.mean()


def _average_around(values: Tensor, grid: tuple[int, int]) -> Tensor:
    on_grid = values.reshape(1, 1, *grid)
    around = F.avg_pool2d(on_grid, _AROUND, stride=1, padding=_AROUND // 2, count_include_pad=False)
    return around.flatten()
