"""The features that a config asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.detectors.registry import DICTIONARY, FILTERS
from pyimgano_core.detectors.torch_parts.features._base import PatchFeatures
from pyimgano_core.detectors.torch_parts.features._dictionary import learn_dictionary
from pyimgano_core.detectors.torch_parts.features._filters import Filters

if TYPE_CHECKING:
    import torch

    from pyimgano_core.contracts.config import FeaturesConfig
    from pyimgano_core.detectors.contract import ImageSource
    from pyimgano_core.progress import Progress


def build_patch_features(
    config: FeaturesConfig, images: ImageSource, *, seed: int, device: torch.device, progress: Progress
) -> PatchFeatures:
    """Return patch features for images of the source's size.

    Args:
        config: which features.
        images: train images, which learned features look at; others take only the size.
        seed: of learned features and of random weights.
        device: where learned features are learned.
        progress: shows the learning.

    Raises:
        ConfigError: the backbone, a layer or the weights don't fit each other.
        DataError: there are no images to learn from.
        MachineError: pretrained weights can't be fetched, or timm is not installed.
    """
    if config.backbone == FILTERS:
        return PatchFeatures(Filters(), images.size).eval()
    if config.backbone == DICTIONARY:
        learned = learn_dictionary(images, seed=seed, device=device, progress=progress)
        return PatchFeatures(learned.cpu(), images.size).eval()
    # timm takes seconds to import, and the filters need none of it.
    from pyimgano_core.detectors.torch_parts.features._backbone import build_backbone  # noqa: PLC0415

    return PatchFeatures(build_backbone(config, images.size, seed), images.size).eval()
