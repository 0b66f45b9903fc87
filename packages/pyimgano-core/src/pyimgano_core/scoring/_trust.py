"""What can be told of an ONNX file before a runtime opens it: no foreign operators, no data outside the file.

Constants are looked at too: not every runtime carries a value that is not a number through to the score
(OpenVINO's maximum drops it), so a graph that holds one is refused before any of them could hide it.

A small walk over the protobuf encoding (https://protobuf.dev/programming-guides/encoding), so that deployment
needs no `onnx` package. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_DOMAINS = ("", "ai.onnx")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_EXTERNAL = 1  # TensorProto.DataLocation
_MAX_DEPTH = 32

# message: field number to the message that it holds
_NESTED: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 14: "property", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_DOMAIN_FIELD = {"node": 7, "opset": 1}
_EXTERNAL_DATA_FIELD, _DATA_LOCATION_FIELD = 13, 14
_TEXT_FIELDS = (1, 2)  # of a property: key and value
# TensorProto: the field of a tensor's type, the types of floats, and the fields that hold values of one type
_TYPE_FIELD, _RAW_FIELD = 2, 9
_FLOATS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 10: np.dtype("<f2"), 11: np.dtype("<f8")}
_TYPED_FIELDS: dict[int, np.dtype[Any]] = {4: np.dtype("<f4"), 10: np.dtype("<f8")}
_EMPTY = memoryview(b"")


class _MalformedError(ValueError):
    """The bytes are no protobuf message."""


def graph_problems(content: bytes) -> list[str]:
    """Return why an ONNX file must not be loaded; an empty list where nothing is wrong with it."""
    try:
        found = list(_walk(memoryview(content), "model", 0))
    except (_MalformedError, UnicodeDecodeError):
        return ["it is no ONNX file, or a part of it is missing"]
    return list(dict.fromkeys(found)) if content else ["it is empty"]


def graph_metadata(content: bytes) -> dict[str, str]:
    """Return what a graph without problems says about itself, by key."""
    found = (dict(_fields(_as_message(value))) for value in _values(content, 14))
    return {_text(entry.get(1, _EMPTY)): _text(entry.get(2, _EMPTY)) for entry in found}


def graph_versions(content: bytes) -> tuple[int, int]:
    """Return the versions of the format and of the operators of a graph without problems; 0 where untold."""
    formats = [value for value in _values(content, 1) if isinstance(value, int)]
    operators = [dict(_fields(_as_message(value))).get(2) for value in _values(content, 8)]
    return max(formats, default=0), max((value for value in operators if isinstance(value, int)), default=0)


def _values(content: bytes, field: int) -> list[memoryview | int]:
    return [value for number, value in _fields(memoryview(content)) if number == field]


def _text(value: memoryview | int) -> str:
    return bytes(_as_message(value)).decode("utf-8")


def _walk(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise _MalformedError
    if kind == "tensor" and _holds_nan(message):
        yield "it holds a constant that is not a number"
    for number, value in _fields(message):
        nested = _NESTED.get(kind, {}).get(number)
        if nested in ("training", "function"):
            yield f"it holds a {nested}, which a scorer graph has no use for"
        elif nested is not None:
            yield from _walk(_as_message(value), nested, depth + 1)
        elif number == _DOMAIN_FIELD.get(kind):
            domain = _text(value)
            if domain not in STANDARD_DOMAINS:
                yield f"it uses operators of the domain {domain!r}"
        elif kind == "property" and number in _TEXT_FIELDS:
            _text(value)
        elif kind == "tensor" and (
            number == _EXTERNAL_DATA_FIELD or (number == _DATA_LOCATION_FIELD and value == _EXTERNAL)
        ):
            yield "it keeps data outside the file"


def _holds_nan(tensor: memoryview) -> bool:
    """Return whether a tensor of floats holds a NaN; infinities are fine, masks are made of them."""
    fields = list(_fields(tensor))
    kind = next((value for number, value in fields if number == _TYPE_FIELD), 0)
    raw = _FLOATS.get(kind) if isinstance(kind, int) else None
    types = _TYPED_FIELDS | ({} if raw is None else {_RAW_FIELD: raw})
    return any(_has_nan(_as_message(value), types[number]) for number, value in fields if number in types)


def _has_nan(values: memoryview, kind: np.dtype[Any]) -> bool:
    if len(values) % kind.itemsize:
        raise _MalformedError
    return len(values) > 0 and bool(np.isnan(np.frombuffer(values, kind).min()))  # any NaN is the lowest


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
