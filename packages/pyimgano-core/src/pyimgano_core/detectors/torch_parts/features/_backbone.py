"""Features of a timm backbone: intermediate layers by their names, the layers behind them never run."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import timm
import torch
from torch import Tensor, nn

from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.detectors.registry import FILTERS
from pyimgano_core.detectors.torch_parts.features._base import Features
from pyimgano_core.detectors.torch_parts.features._weights import KEY, load_into, read_weights
from pyimgano_core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import FeaturesConfig

_DEFAULT_REDUCTIONS = (8, 16)


class Backbone(Features):
    """A timm network up to the last of the chosen layers, with its own normalisation inside."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, layers: tuple[str, ...], info: dict[str, Any]) -> None:
        super().__init__()
        self.network = network.eval()
        self.info = info
        names = layer_names(network)
        self._indices = sorted(names.index(layer) for layer in layers)
        statistics: dict[str, tuple[float, ...]] = network.pretrained_cfg  # type: ignore[assignment]
        self.register_buffer("mean", torch.tensor(statistics["mean"]))  # (3,)
        self.register_buffer("deviation", torch.tensor(statistics["std"]))  # (3,)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return a map (N, C, h, w) per layer for uint8 (N, H, W, 3)."""
        pixels = (image.to(torch.float32) / 255 - self.mean) / self.deviation
        maps: list[Tensor] = self.network.forward_intermediates(  # type: ignore[operator]
            pixels.permute(0, 3, 1, 2),
            indices=self._indices,
            stop_early=True,
            output_fmt="NCHW",
            intermediates_only=True,
        )
        return maps


def build_backbone(features: FeaturesConfig, size: tuple[int, int], seed: int) -> Backbone:
    """Return the backbone that a config describes, its weights loaded.

    Raises:
        ConfigError: the backbone, a layer or the weights don't fit each other.
        MachineError: pretrained weights can't be fetched.
    """
    name = features.backbone
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, [*timm.list_models(), FILTERS], n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see timm.list_models()"
        raise ConfigError([f"$.model.features.backbone: timm has no model {name!r}; {hint}"])
    network = _pretrained(name) if features.weights == "pretrained" else _blank(name, seed)
    layers = _choose_layers(network, features)
    info: dict[str, Any] = {"backbone": name, "layers": list(layers)}
    backbone = Backbone(network, layers, info)
    needed = _needed_names(backbone, size)
    info["weights"] = _load(network, features, needed)
    return backbone


def layer_names(network: nn.Module) -> list[str]:
    """Return the names of the layers whose output a timm network offers."""
    if not hasattr(network, "forward_intermediates"):
        return []
    return [str(entry["module"]) for entry in network.feature_info]  # type: ignore[union-attr]


def _choose_layers(network: nn.Module, features: FeaturesConfig) -> tuple[str, ...]:
    names, where = layer_names(network), "$.model.features"
    if not names:
        raise ConfigError(
            [f"{where}.backbone: {features.backbone!r} offers no intermediate layers; choose another"]
        )
    if features.layers is None:
        return _default_layers(network)
    problems = [
        f"{where}.layers: {layer!r} is an {unknown('layer', layer, names)}"
        for layer in features.layers
        if layer not in names
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(set(features.layers), key=names.index))


def _default_layers(network: nn.Module) -> tuple[str, ...]:
    """The deepest layer of each stride 8 and 16 (layer2 and layer3 of a ResNet), else the middle layer."""
    entries = network.feature_info
    by_stride = {entry["reduction"]: str(entry["module"]) for entry in entries}  # type: ignore[union-attr]
    chosen = tuple(by_stride[stride] for stride in _DEFAULT_REDUCTIONS if stride in by_stride)
    names = layer_names(network)
    return chosen if len(chosen) == len(_DEFAULT_REDUCTIONS) else (names[len(names) // 2],)


def _pretrained(name: str) -> nn.Module:
    try:
        network: nn.Module = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise MachineError(
            f"the weights of {name!r} can't be fetched from timm's hub ({reason}); "
            f"download them elsewhere and name the file as model.features.weights"
        ) from exc
    return network


def _blank(name: str, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)
    return network


def _needed_names(backbone: Backbone, size: tuple[int, int]) -> set[str]:
    """Run once and return the names of all tensors of the modules that took part."""
    used: set[str] = set()
    hooks = [
        module.register_forward_hook(lambda _module, _args, _output, name=name: used.add(name))
        for name, module in backbone.network.named_modules()
    ]
    try:
        with torch.no_grad():
            backbone(torch.zeros(1, *size, 3, dtype=torch.uint8))
    except (RuntimeError, AssertionError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ConfigError([f"$.dataset.resize: the backbone can't take {list(size)}: {reason}"]) from exc
    finally:
        for hook in hooks:
            hook.remove()
    own = {name: name.rpartition(".")[0] for name in backbone.network.state_dict()}
    return {
        name
        for name, module in own.items()
        if module in used | {""} and not name.endswith("num_batches_tracked")
    }


def _load(network: nn.Module, features: FeaturesConfig, needed: set[str]) -> dict[str, Any]:
    if features.weights == "random":
        return {"source": "random"}
    if features.weights == "pretrained":
        origin: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
        return {"source": "pretrained", "hub": origin.get("hf_hub_id"), "tag": origin.get("tag")}
    if features.weights is None:
        raise ConfigError([f"{KEY}: the backbone {features.backbone!r} needs weights"])
    file = read_weights(Path(features.weights))
    loaded = load_into(network, file, needed)
    return {
        "source": "file",
        "file": file.name,
        "sha256": file.sha256,
        "missing_keys": list(loaded.missing),
        "unexpected_keys": list(loaded.unexpected),
    }
