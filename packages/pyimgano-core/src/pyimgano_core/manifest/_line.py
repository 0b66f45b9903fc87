"""The JSON document on one line of a manifest, taken more strictly than `json.loads` takes it.

orjson reads ten times as fast as the exact parser. It refuses NaN, numbers too large and half surrogate
pairs, but keeps the last of two equal keys and turns integers beyond 64 bits into floats. So its document
counts only where a screen proves that neither has happened; any other line is read by the exact parser.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from pyimgano_core.artifacts import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 64
_PATHS = ("image_path", "mask_path")
_LEAST_LOST_INTEGER = 2.0**63
_UNCERTAIN = -1


class LineError(ValueError):
    """A line is no usable JSON; `code` is the issue's code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def parse_line(content: bytes) -> Any:
    """Return the document.

    Raises:
        LineError: bad UTF-8, bad JSON (NaN and numbers too large included), a repeated key, deep nesting.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return parse_exactly(content)
    return document if is_proven(document, content, document) else parse_exactly(content)


def parse_exactly(content: bytes) -> Any:
    """Return what `parse_line` does, by the slow parser alone.

    Raises:
        LineError: as `parse_line` does.
    """
    try:
        text = content.decode()
        document = parse_json(text)
    except UnicodeDecodeError as exc:
        message = f"not UTF-8 at byte {exc.start + 1}: save the manifest as UTF-8"
        raise LineError("PF103", message) from exc
    except ValueError as exc:
        raise _line_error(exc) from exc
    if text.count("{") + text.count("[") > MAX_DEPTH and _deeper_than(document, MAX_DEPTH):
        raise LineError("PF110", f"nested more than {MAX_DEPTH} levels deep")
    if "\\u" in text and _has_lone_surrogate(document):
        raise LineError("PF106", "not valid JSON: half of a surrogate pair stands alone")
    return document


def is_proven(document: Any, content: bytes, branch: Any) -> bool:
    """Return whether `document` is all that `content` says.

    Outside of strings, a colon stands in each pair of key and value and nowhere else. So a lost pair leaves
    more colons in the bytes than the document has keys, and colons in its strings where none is escaped.

    Args:
        document: what orjson made of the content.
        content: the line.
        branch: the document, or its only member that may hold others or a float.
    """
    keys = _count_keys(branch, MAX_DEPTH if branch is document else MAX_DEPTH - 1)
    if keys == _UNCERTAIN:
        return False
    if branch is not document:
        keys += len(document)
    colons = content.count(b":")
    return keys == colons or (b"\\u003" not in content and keys + _count_colons(document) == colons)


def _count_keys(document: Any, levels: int) -> int:
    """Return the number of keys, or -1 beyond `levels` and where a float may have been an integer."""
    members: Iterable[Any]
    if type(document) is dict:
        members, keys = document.values(), len(document)
    elif type(document) is list:
        members, keys = document, 0
    else:
        return _UNCERTAIN if type(document) is float and abs(document) >= _LEAST_LOST_INTEGER else 0
    if levels == 0:
        return _UNCERTAIN
    for member in members:
        kind = type(member)
        if kind is not str and kind is not int:
            below = _count_keys(member, levels - 1)
            if below == _UNCERTAIN:
                return _UNCERTAIN
            keys += below
    return keys


def _count_colons(document: Any) -> int:
    """Return the number of colons in all strings, keys included."""
    if isinstance(document, str):
        return document.count(":")
    if isinstance(document, dict):
        return sum(key.count(":") + _count_colons(value) for key, value in document.items())
    return sum(map(_count_colons, document)) if isinstance(document, list) else 0


def _line_error(exc: ValueError) -> LineError:
    cause = exc.__cause__
    if isinstance(cause, RecursionError):
        return LineError("PF110", f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(cause, json.JSONDecodeError):
        return LineError("PF106", f"not valid JSON: {cause.msg.removesuffix(' at')} at column {cause.colno}")
    if str(exc).startswith("duplicate key"):
        return LineError("PF107", f"{exc}: only one of them can be meant")
    return LineError("PF106", f"not valid JSON: {exc}")


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(member, levels - 1) for member in members)


def _has_lone_surrogate(document: Any) -> bool:
    """Return whether some text is not Unicode, except a file name's bytes in a path (PEP 383)."""
    rest = document
    if isinstance(document, dict):
        paths = [document[key] for key in _PATHS if isinstance(document.get(key), str)]
        if not all(_encodes(path, "surrogateescape") for path in paths):
            return True
        rest = {key: value for key, value in document.items() if key not in _PATHS}
    return not _encodes(json.dumps(rest, ensure_ascii=False), "strict")


def _encodes(text: str, errors: str) -> bool:
    try:
        text.encode("utf-8", errors)
    except UnicodeEncodeError:
        return False
    return True
