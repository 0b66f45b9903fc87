from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import define, field

from pyimgano_core.artifacts import json_schema


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@define(frozen=True, kw_only=True)
class Part:
    """A part."""

    id: int


@define(frozen=True, kw_only=True)
class Whole:
    """A whole.

    It has parts.
    """

    kind: str = "pyimgano.whole"
    name: str
    ratio: float | None = None
    colour: Colour = Colour.RED
    mode: Literal["a", "b"] = "a"
    size: tuple[int, int] = (1, 1)
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] = field(factory=dict)
    free: dict[str, Any] = field(factory=dict)


def test_a_contract_becomes_its_schema():
    reference = {"$ref": "#/$defs/Part"}
    integer = {"type": "integer"}
    assert {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Whole",
        "description": "A whole.\n\nIt has parts.",
        "type": "object",
        "properties": {
            "kind": {"const": "pyimgano.whole"},
            "name": {"type": "string"},
            "ratio": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "colour": {"enum": ["red", "blue"]},
            "mode": {"enum": ["a", "b"]},
            "size": {"type": "array", "prefixItems": [integer, integer], "minItems": 2, "maxItems": 2},
            "parts": {"type": "array", "items": reference},
            "by_name": {"type": "object", "additionalProperties": reference},
            "free": {"type": "object", "additionalProperties": {}},
        },
        "required": ["name"],
        "$defs": {
            "Part": {
                "description": "A part.",
                "type": "object",
                "properties": {"id": integer},
                "required": ["id"],
            }
        },
    } == json_schema(Whole)


def test_a_type_that_json_does_not_have_is_refused():
    @define
    class Local:
        path: Path

    with pytest.raises(TypeError, match="no JSON Schema for"):
        json_schema(Local)
