"""Patch vectors of train images, one image after the other, and how their channels are scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from pyimgano_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from pyimgano_core.detectors.contract import ImageSource
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress

_LARGEST = 1e15  # sums of squares of larger numbers are beyond single precision
_ABSURD = (
    f"with these weights the features of a train image are no finite numbers, or beyond {_LARGEST:.0e}; "
    "choose weights that were trained for this backbone"
)


class EvenlyChosen:
    """An `ImageSource` of at most `limit` images of another one, spread evenly over it."""

    def __init__(self, source: ImageSource, limit: int) -> None:
        self._source = source
        self._limit = limit

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every image."""
        return self._source.size

    def __len__(self) -> int:
        return min(self._limit, len(self._source))

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        shares = even_shares(len(self), len(self._source))
        return (image for image, share in zip(self._source, shares, strict=True) if share)


def even_shares(total: int, count: int) -> list[int]:
    """Return `count` numbers that differ by at most one, evenly mixed, whose sum is `total`."""
    return [(index + 1) * total // count - index * total // count for index in range(count)]


def iterate_patches(
    images: ImageSource, patches: PatchFeatures, device: torch.device, progress: Progress
) -> Iterator[Tensor]:
    """Yield the patch vectors (P, C) of each image, on `device`, where the features are moved too.

    Raises:
        ConfigError: an image's vectors are no finite numbers, or too large to compute with.
        DataError: there are no images.
    """
    if len(images) == 0:
        raise DataError("there are no train images; a detector needs at least one normal image")
    patches.to(device)
    for image in progress.track(images, "features", len(images)):
        vectors = patches(torch.from_numpy(np.array(image))[None].to(device))[0]
        if not bool(vectors.abs().amax() <= _LARGEST):  # nor is NaN
            raise ConfigError([f"$.model.features.weights: {_ABSURD}"])
        yield vectors


def group_deviations(variances: Tensor, groups: Tensor) -> Tensor:
    """Return for each channel the root of the mean variance of its group, never zero.

    Args:
        variances: (C,) of the channels.
        groups: (C,) each channel's group.
    """
    groups = groups.to(variances.device)
    count = int(groups.max()) + 1
    sums = torch.zeros(count, dtype=variances.dtype, device=variances.device).index_add(0, groups, variances)
    means = sums / torch.bincount(groups, minlength=count)
    floor = means.mean() * 1e-6
    deviations = means.clamp(min=float(floor)).sqrt()
    return torch.where(deviations > 0, deviations, torch.ones_like(deviations))[groups]
