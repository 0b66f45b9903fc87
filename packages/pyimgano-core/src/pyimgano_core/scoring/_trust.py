"""What can be told of an ONNX file before a runtime opens it: no foreign operators, no data outside the file.

A small walk over the protobuf encoding (https://protobuf.dev/programming-guides/encoding), so that deployment
needs no `onnx` package. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_DOMAINS = ("", "ai.onnx")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_EXTERNAL = 1  # TensorProto.DataLocation
_MAX_DEPTH = 32

# message: field number to the message that it holds
_NESTED: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_DOMAIN_FIELD = {"node": 7, "opset": 1}
_EXTERNAL_DATA_FIELD, _DATA_LOCATION_FIELD = 13, 14


class _MalformedError(ValueError):
    """The bytes are no protobuf message."""


def graph_problems(content: bytes) -> list[str]:
    """Return why an ONNX file must not be loaded; an empty list where nothing is wrong with it."""
    try:
        found = list(_walk(memoryview(content), "model", 0))
    except (_MalformedError, UnicodeDecodeError):
        return ["it is no ONNX file, or a part of it is missing"]
    return list(dict.fromkeys(found)) if content else ["it is empty"]


def _walk(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise _MalformedError
    for number, value in _fields(message):
        nested = _NESTED.get(kind, {}).get(number)
        if nested in ("training", "function"):
            yield f"it holds a {nested}, which a scorer graph has no use for"
        elif nested is not None:
            yield from _walk(_as_message(value), nested, depth + 1)
        elif number == _DOMAIN_FIELD.get(kind):
            domain = bytes(_as_message(value)).decode("utf-8")
            if domain not in STANDARD_DOMAINS:
                yield f"it uses operators of the domain {domain!r}"
        elif kind == "tensor" and (
            number == _EXTERNAL_DATA_FIELD or (number == _DATA_LOCATION_FIELD and value == _EXTERNAL)
        ):
            yield "it keeps data outside the file"


def _as_message(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise _MalformedError
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(message, position)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise _MalformedError
        end = position + length
        if end > len(message):
            raise _MalformedError
        yield number, message[position:end]
        position = end


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _MalformedError
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 the continuation bit
            return value, position
    raise _MalformedError
