"""Networks that are built for one size of image, such as vision transformers, brought to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import timm

from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn

_KEY = "$.dataset.resize"


def create_network(name: str, **options: Any) -> nn.Module:
    """Return timm's network without a classifier, of fixed size where there is the choice.

    A network of dynamic size resamples its positions for every image, which a graph can't.
    """
    network: nn.Module = timm.create_model(name, num_classes=0, **options)
    if getattr(network, "dynamic_img_size", False):
        network = timm.create_model(name, num_classes=0, dynamic_img_size=False, **options)
    return network


def own_size(network: nn.Module) -> tuple[int, int] | None:
    """Return the height and width that a network is built for, or None for one that takes any."""
    if not hasattr(network, "set_input_size"):
        return None
    size = getattr(getattr(network, "patch_embed", None), "img_size", None)
    height, width = size or network.pretrained_cfg["input_size"][1:]  # type: ignore[index]
    return int(height), int(width)


def _patch_size(network: nn.Module) -> tuple[int, int]:
    """Return height and width of a patch, 1 where a network says by itself what it takes."""
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
    return (patch, patch) if isinstance(patch, int) else patch


def fit_size(network: nn.Module, name: str, size: tuple[int, int]) -> None:
    """Bring a network to height and width `size`, its positions resampled; one that takes any stays as it is.

    Raises:
        ConfigError: its patches don't divide the size, or it can't be brought to it.
    """
    if own_size(network) is None:
        return
    patch = _patch_size(network)
    if any(length % side for length, side in zip(size, patch, strict=True)):
        below, above = (
            [max(1, length // side + step) * side for length, side in zip(size, patch, strict=True)]
            for step in (0, 1)
        )
        what = f"{name!r} has patches of {patch[0]}x{patch[1]}, which don't divide {list(size)}"
        raise ConfigError([f"{_KEY}: {what}; try {below} or {above}"])
    try:
        network.set_input_size(img_size=size)  # type: ignore[operator]
    except (AssertionError, RuntimeError, ValueError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ConfigError([f"{_KEY}: {name!r} can't be brought to {list(size)}: {reason}"]) from exc
