"""One line of a predictions file, ours or another program's, checked value by value."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from attrs import define, field

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INPUT_KEYS = ("input", "image_path", "path", "image", "filename")
SCORE_KEYS = ("score", "anomaly_score", "pred_score")
_TRUTH_KEYS = ("y_true", "label")
_VERDICT_KEYS = ("label", "y_true")
_SHOWN_CHARACTERS = 60


class BadLineError(ValueError):
    """A line can't be used; `code` is the issue's code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@define(frozen=True, kw_only=True)
class PredictedLine:
    """What a line says of one image: a score, or the failure that it has instead.

    `line` counts from 1. `y_true` is 0 or 1 where the line has the truth. Where there is a `map_scale`, the
    values of the map at `map_path` are `map_offset + map_scale * stored`. `keys` are the line's keys that the
    input, the score and the truth were read from.
    """

    line: int
    input: str
    score: float | None = None
    failure: Failure | None = None
    category: str | None = None
    y_true: int | None = None
    defect: str | None = None
    group_id: str | None = None
    threshold: float | None = None
    review_threshold: float | None = None
    map_path: str | None = None
    map_scale: float | None = None
    map_offset: float = 0.0
    image_size: tuple[int, int] | None = None
    keys: tuple[str, ...] = field(default=(), eq=False)


def parse_prediction(document: object, line: int) -> PredictedLine:
    """Return the line.

    Raises:
        BadLineError: it is no object, names no image, or has neither a finite score nor a failure.
    """
    if not isinstance(document, dict):
        raise BadLineError("EV101", f"a line must be a JSON object in braces, not {_shown(document)}")
    input_key, path = _input(document)
    failure = _failure(document)
    score_key, score = ("error", None) if failure is not None else _score(document)
    truth_key, y_true = _truth(document)
    map_scale, map_offset = _map_numbers(document)
    return PredictedLine(
        line=line,
        input=path,
        score=score,
        failure=failure,
        category=_text(document.get("category")),
        y_true=y_true,
        defect=_text(document.get("defect")),
        group_id=_text(document.get("group_id")),
        threshold=_number(document.get("threshold")),
        review_threshold=_number(document.get("review_threshold")),
        map_path=_map_path(document),
        map_scale=map_scale,
        map_offset=map_offset,
        image_size=_size(document.get("image_size")),
        keys=(input_key, score_key, *([truth_key] if truth_key else [])),
    )


def parse_reviewed(document: object, line: int) -> PredictedLine:
    """Return what a person says of an image: a line that needs no score, its own `label` before a `y_true`.

    Raises:
        BadLineError: it is no object or names no image.
    """
    if not isinstance(document, dict):
        raise BadLineError("EV101", f"a line must be a JSON object in braces, not {_shown(document)}")
    input_key, path = _input(document)
    truth_key, label = _truth(document, _VERDICT_KEYS)
    return PredictedLine(
        line=line,
        input=path,
        category=_text(document.get("category")),
        y_true=label,
        defect=_text(document.get("defect")),
        group_id=_text(document.get("group_id")),
        keys=(input_key, *([truth_key] if truth_key else [])),
    )


def _input(document: Mapping[str, Any]) -> tuple[str, str]:
    key = _first(document, INPUT_KEYS)
    if key is None:
        raise BadLineError("EV102", f"names no image: give its path as {_listed(INPUT_KEYS)}")
    value = document[key]
    if not isinstance(value, str) or not value.strip() or not _names_a_file(value):
        raise BadLineError("EV102", f"{key} must be a path in quotes, not {_shown(value)}")
    return key, value


def _names_a_file(text: str) -> bool:
    """Return whether a file can be called so: its bytes need not be UTF-8 (PEP 383)."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _failure(document: Mapping[str, Any]) -> Failure | None:
    """Return why the input failed where the line says that it did, as `status` or as `error`."""
    error = document.get("error")
    if document.get("status", "ok") == "ok" and error is None:
        return None
    told = error if isinstance(error, dict) else {"message": error}
    message = _text(told.get("message")) or "the predictions say no more"
    return Failure(code=_text(told.get("code")) or "failed", message=message)


def _score(document: Mapping[str, Any]) -> tuple[str, float]:
    key = _first(document, SCORE_KEYS)
    if key is None:
        raise BadLineError("EV103", f"has no score: give it as {_listed(SCORE_KEYS)}")
    number = _number(document[key])
    if number is None:
        raise BadLineError("EV104", f"{key} must be a finite number, not {_shown(document[key])}")
    return key, number


def _truth(document: Mapping[str, Any], keys: Sequence[str] = _TRUTH_KEYS) -> tuple[str | None, int | None]:
    """Return 0 or 1 and its key; a `label` that is a word is a verdict, and no truth."""
    for key in keys:
        value = document.get(key)
        if type(value) is int and value in {NORMAL, ANOMALOUS}:
            return key, value
    return None, None


def _map_path(document: Mapping[str, Any]) -> str | None:
    value = document.get("anomaly_map")
    found = value.get("path") if isinstance(value, dict) else value
    other = document.get("anomaly_map_path")
    return next((each for each in (found, other) if isinstance(each, str) and each.strip()), None)


def _map_numbers(document: Mapping[str, Any]) -> tuple[float | None, float]:
    """Return the scale and the offset of the values in the map's file, where the line tells them."""
    value = document.get("anomaly_map")
    if not isinstance(value, dict):
        return None, 0.0
    return _number(value.get("scale")), _number(value.get("offset")) or 0.0


def _size(value: object) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(type(n) is int and n > 0 for n in value):  # noqa: PLR2004
        return value[0], value[1]
    return None


def _first(document: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    return next((key for key in keys if document.get(key) is not None), None)


def _number(value: object) -> float | None:
    """Return a finite number, None for all else; a whole number may be too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _listed(keys: Sequence[str]) -> str:
    return f"{', '.join(keys[:-1])} or {keys[-1]}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
