"""Features of a timm backbone: intermediate layers by their names, the layers behind them never run."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import timm
import torch
from torch import Tensor, nn

from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.detectors.registry import WEIGHT_FREE
from pyimgano_core.detectors.torch_parts.features._base import Features
from pyimgano_core.detectors.torch_parts.features._hub import fetch_weights
from pyimgano_core.detectors.torch_parts.features._input_size import create_network, fit_size, own_size
from pyimgano_core.detectors.torch_parts.features._weights import KEY, load_into, read_weights
from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import FeaturesConfig

_DEFAULT_REDUCTIONS = (8, 16)


class Backbone(Features):
    """A timm network up to the last of the chosen layers, with its own normalisation inside.

    The tokens of a transformer become a map, without those that stand for no place (class and registers) and
    after its last normalisation, as DINOv2 (arXiv:2304.07193) gives its intermediate layers.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, layers: tuple[str, ...], info: dict[str, Any]) -> None:
        super().__init__()
        self.network = network.eval()
        self.info = info
        names = layer_names(network)
        self._indices = sorted(names.index(layer) for layer in layers)
        self._has_tokens = hasattr(network, "num_prefix_tokens")
        self.zero_beyond_border = not self._has_tokens
        statistics: dict[str, tuple[float, ...]] = network.pretrained_cfg  # type: ignore[assignment]
        for name, key in (("mean", "mean"), ("deviation", "std")):  # of grey levels
            self.register_buffer(name, 255 * torch.tensor(statistics[key])[:, None, None])  # (3, 1, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return a map (N, C, h, w) per layer for uint8 (N, H, W, 3)."""
        pixels = (image.permute(0, 3, 1, 2).to(torch.float32) - self.mean) / self.deviation
        maps: list[Tensor] = self.network.forward_intermediates(  # type: ignore[operator]
            pixels,
            indices=self._indices,
            norm=self._has_tokens,
            stop_early=True,
            output_fmt="NCHW",
            intermediates_only=True,
        )
        return maps


def build_backbone(features: FeaturesConfig, size: tuple[int, int], seed: int) -> Backbone:
    """Return the backbone that a config describes, its weights loaded, for images of `size`.

    Raises:
        ConfigError: the backbone, a layer, the size or the weights don't fit each other.
        MachineError: pretrained weights can't be fetched.
    """
    name = features.backbone
    _require_known(name)
    network, record = _network(features, seed)
    layers = _choose_layers(network, features)
    info: dict[str, Any] = {"backbone": name, "layers": list(layers)}
    backbone = Backbone(network, layers, info)
    if record is None:
        needed = _needed_names(backbone, own_size(network) or size)
        record = _load_file(network, features, needed)
    info["weights"] = record
    fit_size(network, name, size)
    _run(backbone, size)
    return backbone


def check_backbone(features: FeaturesConfig, size: tuple[int, int]) -> None:
    """Do as `build_backbone` does, but for the weights: nothing is read, computed or kept in memory.

    A network that looks up values at wrong places is refused by `build_backbone` alone.

    Raises:
        ConfigError: the backbone, a layer or the size don't fit each other.
    """
    _require_known(features.backbone)
    with torch.device("meta"):
        network = create_network(features.backbone)
        backbone = Backbone(network, _choose_layers(network, features), {})
        fit_size(network, features.backbone, size)
        _run(backbone, size)


def _require_known(name: str) -> None:
    if not _is_known(name):
        near = difflib.get_close_matches(name, [*timm.list_models(), *WEIGHT_FREE], n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see timm.list_models()"
        raise ConfigError([f"$.model.features.backbone: timm has no model {name!r}; {hint}"])


def _is_known(name: str) -> bool:
    """Whether timm has the model, and the set of weights that stands behind the dot of a name."""
    try:
        return timm.is_model(name) and timm.get_pretrained_cfg(name) is not None
    except RuntimeError:  # there is no such set
        return False


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


def _network(features: FeaturesConfig, seed: int) -> tuple[nn.Module, dict[str, Any] | None]:
    """Return the network and the record of its weights; None where a file is still to be loaded."""
    if features.weights == "pretrained":
        file = fetch_weights(features.backbone)
        overlay = {"file": str(file.path)}
        return create_network(features.backbone, pretrained=True, pretrained_cfg_overlay=overlay), file.record
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = create_network(features.backbone)
    return network, {"source": "random"} if features.weights == "random" else None


def _needed_names(backbone: Backbone, size: tuple[int, int]) -> set[str]:
    """Run once and return the names of all tensors of the modules that took part."""
    used: set[str] = set()
    hooks = [
        module.register_forward_hook(lambda _module, _args, _output, name=name: used.add(name))
        for name, module in backbone.network.named_modules()
    ]
    try:
        _run(backbone, size)
    finally:
        for hook in hooks:
            hook.remove()
    own = {name: name.rpartition(".")[0] for name in backbone.network.state_dict()}
    return {
        name
        for name, module in own.items()
        if module in used | {""} and not name.endswith("num_batches_tracked")
    }


def _run(backbone: Backbone, size: tuple[int, int]) -> None:
    """Run once on a black image, to see that the backbone takes its size."""
    try:
        with torch.no_grad():
            backbone(torch.zeros(1, *size, 3, dtype=torch.uint8))
    except (RuntimeError, AssertionError, IndexError, ValueError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ConfigError([f"$.dataset.resize: the backbone can't take {list(size)}: {reason}"]) from exc


def _load_file(network: nn.Module, features: FeaturesConfig, needed: set[str]) -> dict[str, Any]:
    if features.weights is None:
        raise ConfigError([f"{KEY}: the backbone {features.backbone!r} needs weights"])
    file = read_weights(Path(features.weights))
    loaded = load_into(network, file, needed)
    return {
        "source": "file",
        "file": file.name,
        "sha256": file.sha256,
        "prefix": loaded.prefix,
        "missing_keys": list(loaded.missing),
        "unexpected_keys": list(loaded.unexpected),
        "words": loaded.words,
    }
