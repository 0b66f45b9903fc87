"""When an image was taken, as `meta.timestamp` of its record tells."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

_DIGITS = len("YYYYMMDDhhmmss")


def read_moment(value: object) -> float | None:
    """Return the moment that a value from a manifest means.

    Args:
        value: text as ISO 8601 has it, in UTC where it names no zone, also without its T (`20261123050000`),
            or a number in any unit.

    Returns:
        Seconds since 1970 for text, a number as it is, and None for all else.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) == _DIGITS and text.isdecimal():
            text = f"{text[:8]}T{text[8:]}"
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None
