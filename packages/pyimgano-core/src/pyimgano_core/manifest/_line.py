"""The JSON document on one line of a manifest, taken more strictly than `json.loads` takes it."""

from __future__ import annotations

import json
from typing import Any

from pyimgano_core.artifacts import parse_json

MAX_DEPTH = 64
_PATHS = ("image_path", "mask_path")


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


def _line_error(exc: ValueError) -> LineError:
    cause = exc.__cause__
    if isinstance(cause, RecursionError):
        return LineError("PF110", f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(cause, json.JSONDecodeError):
        return LineError("PF106", f"not valid JSON: {cause.msg} at column {cause.colno}")
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
