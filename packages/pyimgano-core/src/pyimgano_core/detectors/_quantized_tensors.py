"""Which parts of a scorer graph compute in integers: the backbone's layers, and what stands between them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    import onnx

_NETWORK = ".network."  # in the names of a backbone's weights
_HEAD = "head."
_LAYERS = ("Conv", "MatMul", "Gemm")
_BETWEEN = ("Add", "Concat", "MaxPool")  # exist for integers too
_ACTIVATIONS = ("Relu", "Clip")  # become limits of what comes before


@define(frozen=True, kw_only=True)
class IntegerTensors:
    """What is to become integers.

    Attributes:
        layers: indices of the nodes whose weights do.
        integer_nodes: the layers, and the nodes between them that compute in integers.
        everywhere: tensors for all that take them.
        for_layers: tensors for `integer_nodes` only; others take the exact values.
        same_range: pooled tensors with that which they were pooled from, in the graph's order.
    """

    layers: set[int] = field(factory=set)
    integer_nodes: set[int] = field(factory=set)
    everywhere: set[str] = field(factory=set)
    for_layers: set[str] = field(factory=set)
    same_range: dict[str, str] = field(factory=dict)


def choose_tensors(graph: onnx.GraphProto) -> IntegerTensors:
    """Return what can become integers in a graph; nothing where it has no backbone."""
    chosen = IntegerTensors()
    constants = {tensor.name for tensor in graph.initializer}
    if not any(_NETWORK in name for name in constants):
        return chosen
    takers = _takers(graph)
    of_head: set[str] = set()
    integer: set[str] = set()  # tensors that integer nodes give
    for index, node in enumerate(graph.node):
        if any(name.startswith(_HEAD) or name in of_head for name in node.input):
            of_head.update(node.output)
        elif node.op_type in _LAYERS and node.input[1] in constants:
            chosen.layers.add(index)
            chosen.integer_nodes.add(index)
            if node.input[0] not in chosen.everywhere:
                chosen.for_layers.add(node.input[0])
            if node.op_type == "Conv":  # of the others the sums leave as they are
                result = _activated(takers, node.output[0])
                chosen.everywhere.add(result)
                integer.add(result)
        elif node.op_type in _BETWEEN and integer.issuperset(node.input):
            chosen.integer_nodes.add(index)
            chosen.for_layers.update(set(node.input) - chosen.everywhere)
            result = _activated(takers, node.output[0])
            integer.add(result)
            if node.op_type == "MaxPool":
                chosen.same_range[result] = node.input[0]
    return chosen


def _takers(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    takers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            takers[name].append(node)
    return takers


def _activated(takers: dict[str, list[onnx.NodeProto]], name: str) -> str:
    """Return what a tensor is after its activation, where that alone takes it."""
    after = takers[name]
    if len(after) == 1 and after[0].op_type in _ACTIVATIONS:
        return str(after[0].output[0])
    return name
