"""Weight files: safetensors, or torch files read without running code from them; the hash is recorded."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import torch
from attrs import define
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import nn

KEY = "$.model.features.weights"
_WRAPPERS = ("state_dict", "model", "model_state_dict", "teacher")
_SHOWN = 5
# What torch's reader meets in a file that is none of its own; its texts say nothing, or suggest to run code.
_UNREADABLE = (pickle.UnpicklingError, struct.error, AssertionError, AttributeError, LookupError, TypeError)


@define(frozen=True, kw_only=True)
class WeightFile:
    """Tensors by name, and the sha256 of the file."""

    name: str
    sha256: str
    tensors: dict[str, Tensor]


@define(frozen=True, kw_only=True)
class Loaded:
    """How a file fitted a network.

    Attributes:
        count: how many tensors were taken from the file.
        prefix: what stands before the network's names in the file.
        missing: names of the network that stayed as they were, sorted.
        unexpected: names of the file, without the prefix, that had no place, sorted.
    """

    count: int
    prefix: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def words(self) -> str:
        """The same in a sentence."""
        behind = f" behind the prefix {self.prefix!r}" if self.prefix else ""
        parts = [f"{self.count} tensors were taken from the file{behind}"]
        if self.missing:
            parts.append(f"{len(self.missing)} that the used layers don't need are missing in it")
            parts[-1] += f" ({_modules(self.missing)})"
        if self.unexpected:
            parts.append(f"{len(self.unexpected)} of it have no place ({_modules(self.unexpected)})")
        return "; ".join(parts)


def read_weights(path: Path) -> WeightFile:
    """Return the tensors of a weight file.

    Raises:
        ConfigError: the file can't be read or holds no tensors by name.
    """
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".safetensors":
            found: object = load_safetensors(content)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it comments on old formats, which do no harm
                found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except _UNREADABLE as exc:
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
        ConfigError: a needed tensor is missing, has another shape or type, or is not finite.
    """
    own = network.state_dict()
    prefix = _prefix(file.tensors, needed)
    tensors = {name.removeprefix(prefix): tensor for name, tensor in file.tensors.items()}
    fitting = {name: tensor for name, tensor in tensors.items() if name in own and _fits(own[name], tensor)}
    absent = sorted(needed - fitting.keys())
    if absent:
        misfits = [name for name in absent if name in tensors]
        what = "are missing" if not misfits else "are missing or have other shapes or types"
        problem = f"{len(absent)} of the {len(needed)} tensors that its layers need {what}"
        raise ConfigError([f"{KEY}: {file.name!r} does not fit the backbone: {problem} ({_shown(absent)})"])
    broken = sorted(name for name in needed if not fitting[name].isfinite().all())
    if broken:
        problem = f"in {len(broken)} of the {len(needed)} tensors that its layers need ({_shown(broken)})"
        raise ConfigError([f"{KEY}: {file.name!r} holds values that are no finite numbers {problem}"])
    network.load_state_dict(fitting, strict=False)
    return Loaded(
        count=len(fitting),
        prefix=prefix,
        missing=tuple(sorted(own.keys() - fitting.keys())),
        unexpected=tuple(sorted(tensors.keys() - fitting.keys())),
    )


def _tensors(found: object) -> dict[str, Tensor]:
    while isinstance(found, dict):
        inner = [found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)]
        if not inner:
            break
        found = inner[0]
    if not isinstance(found, dict):
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, Tensor)}


def _fits(own: Tensor, found: Tensor) -> bool:
    """Whether a tensor can be copied into a network's own without losing what it says."""
    dense = found.layout == torch.strided and not found.is_meta
    same_kind = own.is_floating_point() == found.is_floating_point() and not found.is_complex()
    return dense and same_kind and own.shape == found.shape


def _prefix(found: Mapping[str, Tensor], needed: set[str]) -> str:
    """Return what stands before most of the needed names in the file, the shortest of several."""
    counts = Counter(
        name.removesuffix(wanted)
        for name in found
        for wanted in needed
        if name == wanted or name.endswith(f".{wanted}")
    )
    return min(counts, key=lambda prefix: (-counts[prefix], len(prefix), prefix), default="")


def _modules(names: Iterable[str]) -> str:
    """Return the modules that names of tensors belong to, to one level."""
    return ", ".join(sorted({name.partition(".")[0] for name in names}))


def _shown(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
