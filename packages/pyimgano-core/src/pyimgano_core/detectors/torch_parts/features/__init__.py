"""Features: from uint8 images to maps of numbers that describe each place; never silently random ones."""

from pyimgano_core.detectors.torch_parts.features._base import Features, PatchFeatures
from pyimgano_core.detectors.torch_parts.features._build import build_patch_features
from pyimgano_core.detectors.torch_parts.features._filters import Filters
from pyimgano_core.detectors.torch_parts.features._joined import JoinedFeatures

__all__ = ["Features", "Filters", "JoinedFeatures", "PatchFeatures", "build_patch_features"]
