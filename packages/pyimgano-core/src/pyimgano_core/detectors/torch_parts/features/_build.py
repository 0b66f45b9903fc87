"""The features that a config asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.detectors.registry import FILTERS
from pyimgano_core.detectors.torch_parts.features._base import PatchFeatures
from pyimgano_core.detectors.torch_parts.features._filters import Filters

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import FeaturesConfig


def build_patch_features(config: FeaturesConfig, size: tuple[int, int], seed: int) -> PatchFeatures:
    """Return patch features for images of `size` (height, width); `seed` matters for random weights only.

    Raises:
        ConfigError: the backbone, a layer or the weights don't fit each other.
        MachineError: pretrained weights can't be fetched, or timm is not installed.
    """
    if config.backbone == FILTERS:
        return PatchFeatures(Filters(), size).eval()
    # timm takes seconds to import, and the filters need none of it.
    from pyimgano_core.detectors.torch_parts.features._backbone import build_backbone  # noqa: PLC0415

    return PatchFeatures(build_backbone(config, size, seed), size).eval()
