"""What the fields of files mean: from the `Attributes` of their contracts, and from `fields.toml`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

FIELDS = Path(__file__).with_suffix(".toml")
MEANINGS = tomllib.loads(FIELDS.read_text(encoding="utf-8"))
_HEADING = re.compile(r"^Attributes:\n", flags=re.MULTILINE)
_END = re.compile(r"_(low|high)$")


def without_attributes(schema: dict[str, Any]) -> str:
    """Return what is said of an object as a whole; its attributes stand in the table."""
    return _HEADING.split(schema.get("description", ""))[0].strip()


def meaning(title: str, schema: dict[str, Any], name: str) -> str | None:
    """Return what a field means; None where the text on its object names it, or nothing says it."""
    own = attributes(schema).get(name) or MEANINGS.get(title, {}).get(name)
    if own or is_named(schema, name):
        return own
    if (stem := _END.sub("", name)) != name and stem in schema["properties"]:
        return f"the {'lower' if name.endswith('low') else 'upper'} end of the interval of `{stem}`"
    return MEANINGS["any"].get(name)


def is_named(schema: dict[str, Any], name: str) -> bool:
    """Return whether the text on an object names a field."""
    return any(
        name in re.findall(r"\w+", code) for code in re.findall(r"`([^`]*)`", without_attributes(schema))
    )


def attributes(schema: dict[str, Any]) -> dict[str, str]:
    """Return the entries of a docstring's `Attributes`, each on one line."""
    section = _HEADING.split(schema.get("description", ""))[1:]
    if not section:
        return {}
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section[0], flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}
