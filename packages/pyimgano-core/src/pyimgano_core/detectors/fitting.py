"""The door between hyper-parameters, which import nothing heavy, and their fit, which imports torch."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from pyimgano_core.detectors.registry import WEIGHT_FREE, create_detector
from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyimgano_core.contracts.config import ModelConfig
    from pyimgano_core.detectors.contract import ScorerGraph


def torch_part(module: str, function: str) -> Callable[..., ScorerGraph]:
    """Return a function of `pyimgano_core.detectors.torch_parts`, importing torch now.

    Raises:
        MachineError: a package that fitting needs is not installed.
    """
    try:
        loaded = import_module(f"pyimgano_core.detectors.torch_parts.{module}")
    except ModuleNotFoundError as exc:
        raise MachineError(
            f"fitting needs the package {exc.name!r}; install pyimgano-core[torch,onnx]"
        ) from exc
    return cast("Callable[..., ScorerGraph]", getattr(loaded, function))


def check_model(model: ModelConfig, size: tuple[int, int], base: Path) -> None:
    """Raise what a fit would refuse of a model, as far as can be told without its weights and images.

    The network of one of this package's own detectors is built without memory, where torch and timm are
    installed. What only numbers show is left to the fit.

    Args:
        model: name, features and options.
        size: height and width of the model's input.
        base: the folder that a relative path of weights starts from.

    Raises:
        ConfigError: with every problem that is found; the network is looked at where all else is right.
        MachineError: the detector, torch or timm is installed but can't be imported.
    """
    detector = create_detector(model, base)
    is_own = type(detector).__module__.startswith(f"{__package__}.")  # others make of features what they like
    is_network = model.features.backbone not in WEIGHT_FREE
    if not (is_own and is_network) or any(find_spec(name) is None for name in ("torch", "timm")):
        return
    try:
        module = import_module(f"{__package__}.torch_parts.features._backbone")
    except (ImportError, OSError) as exc:
        raise MachineError(f"torch or timm is installed but can't be imported: {exc}") from exc
    module.check_backbone(model.features, size)
