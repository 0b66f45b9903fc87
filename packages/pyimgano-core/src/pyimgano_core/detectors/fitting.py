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
    """Raise what a fit would refuse of a model, but for its weights; of a network where timm is installed.

    Args:
        model: name, features and options.
        size: height and width of the model's input.
        base: the folder that a relative path of weights starts from.

    Raises:
        ConfigError: with every problem that is found; the network is looked at where all else is right.
        MachineError: the detector is registered but can't be imported.
    """
    create_detector(model, base)
    if model.features.backbone in WEIGHT_FREE or any(find_spec(name) is None for name in ("torch", "timm")):
        return
    module = import_module("pyimgano_core.detectors.torch_parts.features")
    module.check_backbone(model.features, size)
