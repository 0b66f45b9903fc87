"""The door between hyper-parameters, which import nothing heavy, and their fit, which imports torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable

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
