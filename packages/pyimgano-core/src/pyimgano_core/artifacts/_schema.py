"""JSON Schema (2020-12) of a contract, generated from its attrs class."""

from __future__ import annotations

import inspect
import types
import typing
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from attrs import NOTHING, Attribute, fields, has

_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


def json_schema(contract: type[Any]) -> dict[str, Any]:
    """Return the schema of `contract`; contracts inside it stand under `$defs`.

    Additional properties are allowed everywhere: schemas grow by addition.
    """
    definitions: dict[str, Any] = {}
    root = _object(contract, definitions)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": contract.__name__, **root}
    if definitions:
        schema["$defs"] = dict(sorted(definitions.items()))
    return schema


def _object(contract: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(contract)
    attributes = fields(contract)
    return {
        "description": inspect.cleandoc(contract.__doc__ or ""),
        "type": "object",
        "properties": {a.name: _property(a, hints[a.name], definitions) for a in attributes},
        "required": [a.name for a in attributes if a.default is NOTHING],
    }


def _property(attribute: Attribute[Any], hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = dict(_type(hint, definitions))
    if attribute.name in {"kind", "schema_version"} and attribute.default is not NOTHING:
        schema = {"const": attribute.default}
    elif "description" in attribute.metadata:
        schema["description"] = attribute.metadata["description"]
    return schema


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, args = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(arg, definitions) for arg in args]}
    if origin is tuple:
        return _array(args, definitions)
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(args[1], definitions)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if has(hint):
        definitions.setdefault(hint.__name__, {})
        definitions[hint.__name__] = definitions[hint.__name__] or _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"no JSON Schema for {hint!r}")


def _array(members: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if members[-1] is Ellipsis:
        return {"type": "array", "items": _type(members[0], definitions)}
    return {
        "type": "array",
        "prefixItems": [_type(member, definitions) for member in members],
        "minItems": len(members),
        "maxItems": len(members),
    }
