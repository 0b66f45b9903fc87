"""How many patches and channels features give, from a trial on a blank image without their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from attrs import define, evolve

from pyimgano_core.detectors.memory import BYTES, FeaturesShape
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import nn

    from pyimgano_core.contracts.config import FeaturesConfig


@define(frozen=True)
class _Blank:
    """An `ImageSource` of one grey image."""

    size: tuple[int, int]

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return iter([np.full((*self.size, 3), 128, np.uint8)])


def features_shape(features: FeaturesConfig, size: tuple[int, int]) -> FeaturesShape:
    """Return the shape of features; see `describe_features`."""
    if features.weights is not None:  # the shape is that of any weights
        features = evolve(features, weights="random")
    blank, device = _Blank(size), torch.device("cpu")
    with torch.no_grad():
        patches = build_patch_features(features, blank, seed=0, device=device, progress=SilentProgress())
        constants = _bytes_in_use(patches.features, torch.from_numpy(next(iter(blank)))[None])
    # The map of patches is enlarged by a matrix on either side, which counts where images are large.
    constants += BYTES * sum(small * large for small, large in zip(patches.grid, size, strict=True))
    positions = patches.grid[0] * patches.grid[1]
    return FeaturesShape(positions=positions, channels=patches.channels, constants=constants)


def _bytes_in_use(module: nn.Module, image: torch.Tensor) -> int:
    """Return the bytes of the weights of all parts that take part; the others leave with the export."""
    used = {module}
    hooks = [part.register_forward_hook(lambda part, *_: used.add(part)) for part in module.modules()]
    module(image)
    for hook in hooks:
        hook.remove()
    return sum(
        weight.nbytes
        for part in used
        for weight in (*part.parameters(recurse=False), *part.buffers(recurse=False))
    )
