"""Weight files: safetensors, or torch files read without running code from them; the hash is recorded."""

from __future__ import annotations

import hashlib
import io
import pickle
from typing import TYPE_CHECKING

import torch
from attrs import define
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

KEY = "$.model.features.weights"
_WRAPPERS = ("state_dict", "model", "model_state_dict")
_PREFIXES = ("module.", "model.", "backbone.")
_SHOWN = 5


@define(frozen=True, kw_only=True)
class WeightFile:
    """Tensors by name, without the prefix that all names share, and the sha256 of the file."""

    name: str
    sha256: str
    tensors: dict[str, Tensor]


@define(frozen=True, kw_only=True)
class Loaded:
    """Which names of the model stayed as they were, and which of the file had no place, both sorted."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]


def read_weights(path: Path) -> WeightFile:
    """Return the tensors of a weight file.

    Raises:
        ConfigError: the file can't be read or holds no tensors by name.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".safetensors":
            found: object = load_safetensors(content)
        else:
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:  # its own text suggests to run code from the file
        advice = "only tensors by name are read; save a state_dict, or use safetensors"
        raise ConfigError([f"{KEY}: {path.name!r} can't be read as weights: {advice}"]) from exc
    except (OSError, EOFError, RuntimeError, ValueError, SafetensorError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ConfigError([f"{KEY}: {path.name!r} can't be read as weights: {reason}"]) from exc
    tensors = _tensors(found)
    if not tensors:
        raise ConfigError([f"{KEY}: {path.name!r} holds no tensors by name; save a state_dict"])
    digest = hashlib.sha256(content).hexdigest()
    return WeightFile(name=path.name, sha256=digest, tensors=tensors)


def load_into(network: nn.Module, file: WeightFile, needed: set[str]) -> Loaded:
    """Copy a file's tensors into a network.

    Args:
        network: the network, changed in place.
        file: what to load.
        needed: names that must come from the file; others may be missing.

    Raises:
        ConfigError: a needed tensor is missing or has another shape.
    """
    own = network.state_dict()
    fitting = {
        name: tensor
        for name, tensor in file.tensors.items()
        if name in own and own[name].shape == tensor.shape
    }
    absent = sorted(needed - fitting.keys())
    if absent:
        misfits = [name for name in absent if name in file.tensors]
        what = "are missing" if not misfits else "are missing or have other shapes"
        problem = f"{len(absent)} of the {len(needed)} tensors that its layers need {what}"
        raise ConfigError([f"{KEY}: {file.name!r} does not fit the backbone: {problem} ({_shown(absent)})"])
    network.load_state_dict(fitting, strict=False)
    return Loaded(
        missing=tuple(sorted(own.keys() - fitting.keys())),
        unexpected=tuple(sorted(file.tensors.keys() - fitting.keys())),
    )


def _tensors(found: object) -> dict[str, Tensor]:
    while isinstance(found, dict):
        inner = [found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)]
        if not inner:
            break
        found = inner[0]
    if not isinstance(found, dict):
        return {}
    return _without_prefix({str(key): value for key, value in found.items() if isinstance(value, Tensor)})


def _without_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return _without_prefix({name[len(prefix) :]: value for name, value in tensors.items()})
    return dict(tensors)


def _shown(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
