"""JSON as the standard means it: no NaN, no duplicate keys, no silent loss, in both directions.

`json.loads` keeps the last of two equal keys and accepts `NaN` and `1e999`; both are refused here.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NoReturn

from attrs import has

from pyimgano_core.contracts.structuring import unstructure


def parse_json(text: str) -> Any:
    """Return the document.

    Raises:
        ValueError: with one line that says what is wrong and where.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite
        )
    except json.JSONDecodeError as exc:
        message = exc.msg.removesuffix(" at")
        raise ValueError(f"not valid JSON: {message} at line {exc.lineno} column {exc.colno}") from exc
    except RecursionError as exc:
        raise ValueError("not valid JSON: nested too deeply") from exc


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"duplicate key {counts.most_common(1)[0][0]!r}")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a number")
    return number


def to_json(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return `value` (contracts, mappings, lists, scalars) as JSON; NaN is a ValueError.

    Keys stay in their order unless they are to be sorted. Text stays readable; a lone surrogate of a file
    name that is not UTF-8 becomes its JSON escape.
    """
    plain = unstructure(value) if has(type(value)) else value
    text = json.dumps(
        plain, ensure_ascii=False, allow_nan=False, indent=indent, default=unstructure,
        sort_keys=sort_keys, separators=None if indent else (", ", ": "),
    )  # fmt: skip
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
