"""Features learned from the train images themselves: a dictionary of whitened patches.

Coates and Ng, "Learning Feature Representations with K-means", 2012, and Coates, Ng and Lee, "An Analysis of
Single-Layer Networks in Unsupervised Feature Learning", AISTATS 2011: patches normalised in contrast,
whitened, clustered by k-means, and encoded by how much nearer than the average each cluster is (their
"triangle"). Departures: only the leading directions of the whitened space are kept, as the others are mostly
the camera's noise; the image and its half have a dictionary each; the codes are averaged over a grid of 8
pixels, where the logarithms of two novelties stand beside them, averaged and at their largest: the distance
to the nearest cluster and the contrast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812 torch's own idiom
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.features._base import Features
from pyimgano_core.detectors.torch_parts.patches import EvenlyChosen, even_shares
from pyimgano_core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.detectors.contract import ImageSource
    from pyimgano_core.progress import Progress

CELL = 8
_LEVELS = 2
_STEP = 2  # pixels of the level from one patch to the next
_SIDE = 5  # pixels of a patch
_DIRECTIONS = 32
_ATOMS = 64
_SAMPLES = 40_000  # patches that a dictionary is learned from
_IMAGES = 400  # that they are drawn from
_ROUNDS = 10  # of k-means
_CONTRAST = 100.0  # squared grey levels: a patch below 10 of them is flat rather than of a weak pattern
_RIDGE = 0.01  # of the mean variance, added to each before whitening
_FLAT = 1e-4  # variance of what deviates by a tenth of a grey level, added too
_ROUNDING = 0.01  # whitened units: below it a flat patch shows nothing but the rounding of its light
_NEARLY_NOTHING = 1e-3


class Atoms(nn.Module):
    """The dictionary of one level.

    Args:
        kernels: (R, 3, k, k) filters that whiten a patch, its mean light left out.
        offset: (R,) the whitened mean patch.
        atoms: (K, R) the clusters' centres.
    """

    kernels: Tensor
    offset: Tensor
    atoms: Tensor
    squares: Tensor

    def __init__(self, kernels: Tensor, offset: Tensor, atoms: Tensor) -> None:
        super().__init__()
        # In the shapes of their use: the exporter would fold what changes a constant's shape.
        self.register_buffer("kernels", kernels)
        self.register_buffer("offset", offset[:, None, None])  # (R, 1, 1)
        self.register_buffer("atoms", atoms[:, :, None, None])  # (K, R, 1, 1)
        self.register_buffer("squares", atoms.square().sum(dim=1)[:, None, None])  # (K, 1, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return distances (N, K, h, w) to the atoms and the contrast (N, 1, h, w) of patches."""
        radius = _SIDE // 2
        padded = F.pad(pixels, (radius, radius, radius, radius), mode="replicate")
        mean = F.avg_pool2d(padded.mean(dim=1, keepdim=True), _SIDE, _STEP)
        square = F.avg_pool2d(padded.square().mean(dim=1, keepdim=True), _SIDE, _STEP)
        contrast = ((square - mean.square()).clamp(min=0) + _CONTRAST).sqrt()
        white = F.conv2d(padded, self.kernels, stride=_STEP) / contrast
        white = F.softshrink(white, _ROUNDING) - self.offset
        along = F.conv2d(white, self.atoms)
        squared = white.square().sum(dim=1, keepdim=True) - 2 * along + self.squares
        return squared.clamp(min=0).sqrt(), contrast


class Dictionary(Features):
    """Codes of whitened patches; what a fit learns stands under `learnt`."""

    zero_beyond_border = False

    def __init__(self, levels: list[Atoms]) -> None:
        super().__init__()
        self.learnt = nn.ModuleList(levels)
        self.info = {
            "backbone": "dictionary",
            "stride": CELL,
            "atoms": [len(level.atoms) for level in levels],
        }

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return one map (N, 136, ceil(H / 8), ceil(W / 8)) for uint8 (N, H, W, 3)."""
        maps: list[Tensor] = []
        for index, pixels in enumerate(_pyramid(image)):
            distances, contrast = self.learnt[index](pixels)
            codes = (distances.mean(dim=1, keepdim=True) - distances).clamp(min=0)
            nearest = distances.amin(dim=1, keepdim=True) + _NEARLY_NOTHING
            novelty = torch.cat([nearest, contrast], dim=1).log()
            cell = CELL // _STEP >> index
            maps += [F.avg_pool2d(codes, cell), F.avg_pool2d(novelty, cell), F.max_pool2d(novelty, cell)]
        return [torch.cat(maps, dim=1)]


def learn_dictionary(
    images: ImageSource, *, seed: int, device: torch.device, progress: Progress
) -> Dictionary:
    """Learn a dictionary from patches of at most 400 images, spread evenly over all there are.

    Raises:
        DataError: there are no images.
    """
    if len(images) == 0:
        raise DataError("there are no train images; a dictionary needs at least one normal image")
    generator = torch.Generator().manual_seed(seed)
    chosen = EvenlyChosen(images, _IMAGES)
    shares = even_shares(_SAMPLES, len(chosen))
    drawn: list[list[Tensor]] = [[] for _ in range(_LEVELS)]
    for share, image in zip(shares, progress.track(chosen, "dictionary", len(chosen)), strict=True):
        pixels = torch.tensor(image)[None].to(device)
        for bag, level in zip(drawn, _pyramid(pixels), strict=True):
            bag.append(_draw(level, share, generator))
    return Dictionary([_learn(torch.cat(bag), generator) for bag in drawn])


def _pyramid(image: Tensor) -> Iterator[Tensor]:
    """Yield (N, 3, H, W) of 0 to 255 for uint8 (N, H, W, 3), enlarged to full cells, and its halves."""
    height, width = image.shape[1:3]
    pixels = image.permute(0, 3, 1, 2).to(torch.float32)
    pixels = F.pad(pixels, (0, -width % CELL, 0, -height % CELL), mode="replicate")
    for index in range(_LEVELS):
        yield pixels if index == 0 else F.avg_pool2d(pixels, 2**index)


def _draw(pixels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return patches (count, 3 * k * k) at random places of (1, 3, H, W)."""
    windows = pixels[0].unfold(1, _SIDE, 1).unfold(2, _SIDE, 1)  # (3, h, w, k, k)
    rows = torch.randint(windows.shape[1], (count,), generator=generator).to(pixels.device)
    columns = torch.randint(windows.shape[2], (count,), generator=generator).to(pixels.device)
    return windows[:, rows, columns].transpose(0, 1).flatten(1)


def _learn(patches: Tensor, generator: torch.Generator) -> Atoms:
    """Normalise, whiten and cluster patches (M, 3 * k * k)."""
    patches = patches - patches.mean(dim=1, keepdim=True)
    patches /= (patches.square().mean(dim=1, keepdim=True) + _CONTRAST).sqrt()
    mean = patches.mean(dim=0)
    centred = (patches - mean).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))  # ascending
    values, vectors = values[-_DIRECTIONS:].clamp(min=0), vectors[:, -_DIRECTIONS:]
    ridge = _RIDGE * values.mean() + _FLAT
    whitening = (vectors / (values + ridge).sqrt()).float()  # (3 * k * k, R)
    atoms = _cluster((patches - mean) @ whitening, generator)
    kernels = (whitening - whitening.mean(dim=0)).T.reshape(-1, 3, _SIDE, _SIDE).contiguous()
    return Atoms(kernels, mean @ whitening, atoms)


def _cluster(points: Tensor, generator: torch.Generator) -> Tensor:
    """Return the centres (K, R) of k-means, begun at random points; one that loses all its points stays."""
    start = torch.randint(len(points), (_ATOMS,), generator=generator)
    centres = points[start.to(points.device)]
    for _ in range(_ROUNDS):
        nearest = (centres.square().sum(dim=1) - 2 * points @ centres.T).argmin(dim=1)  # (M,)
        counts = torch.bincount(nearest, minlength=_ATOMS)[:, None]
        sums = torch.zeros_like(centres).index_add(0, nearest, points)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
    return centres
