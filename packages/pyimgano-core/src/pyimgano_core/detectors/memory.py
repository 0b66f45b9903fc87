"""How much memory a fit is going to take, told before it begins; a rule, tested against measured peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import define

from pyimgano_core.detectors.contract import MemoryEstimate
from pyimgano_core.detectors.fitting import torch_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_core.contracts.config import FeaturesConfig

MIB = 2**20
BYTES = 4  # of a float32
_LIBRARIES = 800 * MIB  # torch, timm, the ONNX exporter and the runtime, loaded
_COPIES = 10  # of the graph, while it is exported: modules, messages, bytes, and in the runtime


@define(frozen=True, kw_only=True)
class FeaturesShape:
    """What features look like at one image size.

    Attributes:
        positions: patches of an image.
        channels: the length of a patch's vector.
        constants: bytes of the features' own weights, and of what enlarges a map to the image.
    """

    positions: int
    channels: int
    constants: int


def describe_features(features: FeaturesConfig, size: tuple[int, int]) -> FeaturesShape:
    """Return the shape of features, without reading their weights.

    Raises:
        ConfigError: the features can't be had as configured.
        MachineError: a package that fitting needs is missing.
    """
    describe = cast("Callable[..., FeaturesShape]", torch_part("shapes", "features_shape"))
    return describe(features, size)


def estimate(features: FeaturesShape, *, fitting: int, learnt: int, what: str) -> MemoryEstimate:
    """Return the memory of a fit.

    Args:
        features: their shape.
        fitting: the most bytes that the fit holds at a time for itself.
        learnt: bytes of what it learns.
        what: what these depend on, in words.
    """
    model = features.constants + learnt
    peak = _LIBRARIES + features.constants + max(fitting, _COPIES * model)
    mb, model_mb = peak / MIB, model / MIB
    words = f"fitting takes about {mb:.0f} MB of memory for {what}; the model has about {model_mb:.1f} MB"
    return MemoryEstimate(fit_mb=mb, model_mb=model_mb, words=words)
