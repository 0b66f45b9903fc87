"""A second scorer graph whose backbone computes with 8-bit integers, made from the first and some images.

Static quantization as of arXiv:1712.05877 in ONNX's notation: pairs of `QuantizeLinear` and
`DequantizeLinear` around the backbone's convolutions and linear layers, which a runtime replaces by integer
arithmetic. Weights have a scale per output channel, activations one per tensor, from the lowest to the
highest value on the given images and on a black and a white one: a defect that is darker or brighter than
anything normal must not be cut off. Distances, map and score stay in 32-bit floats: small differences of
theirs decide.

Weights take seven of the eight bits. x86 processors without VNNI instructions add two products of an
activation and a weight in 16 bits; with seven bits these never saturate, so that all machines get the same
sums.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import onnx
from attrs import define
from onnx import helper, numpy_helper

from pyimgano_core.detectors._quantized_tensors import IntegerTensors, choose_tensors
from pyimgano_core.errors import ConfigError
from pyimgano_core.scoring import tensor_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from pyimgano_core.detectors.contract import ScorerGraph

_LEVELS = 255  # of an activation
_WEIGHT_LIMIT = 64  # the largest absolute weight as an integer
_NO_LAYERS = (
    "has no network in its features whose layers could compute in 8 bits; leave export.int8 out, or choose "
    "a backbone"
)
_BIAS_LIMIT = 2**30  # stays clear of what 32 bits hold


def quantize(graph: ScorerGraph, images: Iterable[NDArray[np.uint8]]) -> bytes:
    """Return a scorer graph as an ONNX file that computes its backbone in 8-bit integers.

    Args:
        graph: of a detector on a backbone.
        images: (H, W, 3) of the model's size, from which the ranges of the activations come.

    Raises:
        ConfigError: the graph has no backbone, or none of its layers can be quantized.
    """
    model = onnx.ModelProto.FromString(graph.model)
    chosen = choose_tensors(model.graph)
    if not chosen.layers:
        raise ConfigError([f"$.export.int8: {graph.detector!r} {_NO_LAYERS}"])
    names = sorted({*chosen.everywhere, *chosen.for_layers})
    flat = [np.full((*graph.size, 3), level, np.uint8) for level in (0, 255)]
    ranges = tensor_ranges(_with_outputs(model, names), names, chain(images, flat))
    for pooled, source in chosen.same_range.items():  # in the graph's order, so that chains follow
        if pooled in ranges:
            ranges[pooled] = ranges[source]
    _Rewriting(model.graph, chosen, ranges).rewrite()
    model.metadata_props.add(key="pyimgano.precision", value="int8")
    return bytes(model.SerializeToString(deterministic=True))


def _with_outputs(model: onnx.ModelProto, names: Iterable[str]) -> bytes:
    observed = onnx.ModelProto.FromString(model.SerializeToString())
    observed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return bytes(observed.SerializeToString())


@define(frozen=True)
class _Scale:
    """An activation is (integer - zero) * scale."""

    scale: np.float32
    zero: np.uint8


def _scale_of(low: float, high: float) -> _Scale:
    low, high = min(low, 0.0), max(high, 0.0)  # 0 must be exact: borders are padded with it
    scale = np.float32((high - low) / _LEVELS) or np.float32(1.0)
    return _Scale(scale, np.uint8(round(min(-low / float(scale), _LEVELS))))


class _Rewriting:
    """Puts the pairs into a graph, in place."""

    def __init__(
        self, graph: onnx.GraphProto, chosen: IntegerTensors, ranges: Mapping[str, tuple[float, float]]
    ) -> None:
        self._graph = graph
        self._chosen = chosen
        self._scales = {name: _scale_of(*bounds) for name, bounds in ranges.items()}
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._added: dict[str, onnx.TensorProto] = {}

    def rewrite(self) -> None:
        for index, node in enumerate(self._graph.node):
            outputs = list(node.output)
            if index in self._chosen.layers:
                self._quantize_weights(node)
            for place, name in enumerate(node.input):
                if self._is_integer_for(name, index):
                    node.input[place] = _restored(name)
            self._nodes.append(node)
            for name in outputs:
                if name in self._scales:
                    self._add_pair(name)
        self._finish()

    def _is_integer_for(self, name: str, index: int) -> bool:
        chosen = self._chosen
        return name in chosen.everywhere or (name in chosen.for_layers and index in chosen.integer_nodes)

    def _add_pair(self, name: str) -> None:
        scale, zero = self._scales[name].scale, self._scales[name].zero
        parameters = [
            self._constant(f"{name}.scale", np.array(scale)),
            self._constant(f"{name}.zero", np.array(zero)),
        ]
        self._nodes += [
            helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}.integer"]),
            helper.make_node("DequantizeLinear", [f"{name}.integer", *parameters], [_restored(name)]),
        ]

    def _quantize_weights(self, node: onnx.NodeProto) -> None:
        source = self._scales[node.input[0]].scale
        weights = numpy_helper.to_array(self._constants[node.input[1]])
        bias = self._bias_of(node)  # (channels,)
        axis = _channel_axis(node)
        others = tuple(place for place in range(weights.ndim) if place != axis)
        least = 0.0 if bias is None else np.abs(bias) / (float(source) * _BIAS_LIMIT)
        scales = np.maximum(np.abs(weights).max(axis=others) / _WEIGHT_LIMIT, least)  # (channels,)
        scales = np.where(scales > 0, scales, 1.0).astype(np.float32)
        integers = np.rint(weights / np.expand_dims(scales, others)).astype(np.int8)
        node.input[1] = self._add_restored(f"{node.output[0]}.weight", integers, scales, axis)
        if bias is not None:
            products = source * scales
            sums = np.rint(bias.astype(np.float64) / products).astype(np.int32)
            node.input[2] = self._add_restored(f"{node.output[0]}.bias", sums, products, axis=0)

    def _bias_of(self, node: onnx.NodeProto) -> NDArray[np.float32] | None:
        for name in node.input[2:]:
            if name in self._constants:
                return numpy_helper.to_array(self._constants[name])
        return None

    def _add_restored(
        self,
        name: str,
        integers: NDArray[np.int8] | NDArray[np.int32],
        scales: NDArray[np.float32],
        axis: int,
    ) -> str:
        inputs = [self._constant(f"{name}.integer", integers), self._constant(f"{name}.scale", scales)]
        self._nodes.append(helper.make_node("DequantizeLinear", inputs, [_restored(name)], axis=axis))
        return _restored(name)

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        self._added[name] = numpy_helper.from_array(value, name)
        return name

    def _finish(self) -> None:
        for index, node in enumerate(self._nodes):
            node.name = f"{node.op_type}_{index}"
        used = {name for node in self._nodes for name in node.input}
        kept = [tensor for tensor in self._graph.initializer if tensor.name in used]
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in self._nodes]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(nodes)
        self._graph.initializer.extend([*kept, *self._added.values()])


def _restored(name: str) -> str:
    return f"{name}.restored"


def _channel_axis(node: onnx.NodeProto) -> int:
    """The axis of the weights that runs over output channels."""
    transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 0 if node.op_type == "Conv" or transposed else 1
