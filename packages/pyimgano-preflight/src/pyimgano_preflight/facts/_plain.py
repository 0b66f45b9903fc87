"""The facts of a file as plain values for JSON, and back; by hand for speed, as every file has some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import fields

from pyimgano_preflight.facts._contract import FileError, FileFacts, HeaderFacts, MaskFacts, PixelFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS_VERSION = 4
"""Raised whenever the same bytes would give other facts: older ones are then read anew."""

_PARTS: dict[str, type[Any]] = {
    "error": FileError,
    "header": HeaderFacts,
    "pixels": PixelFacts,
    "mask": MaskFacts,
}
_CONTRACTS: tuple[type[Any], ...] = (FileFacts, *_PARTS.values())
_NAMES = {contract: [field.name for field in fields(contract)] for contract in _CONTRACTS}


def to_plain(facts: FileFacts) -> dict[str, Any]:
    """Return mappings, lists and scalars; what is None is left out."""
    plain = _told(facts)
    for name in _PARTS.keys() & plain.keys():
        plain[name] = _told(plain[name])
    return plain


def from_plain(plain: Mapping[str, Any]) -> FileFacts:
    """Return the facts that `to_plain` made `plain` from.

    Raises:
        ValueError: it holds something else.
    """
    told = dict(plain)
    try:
        if "inode" in told:
            told["inode"] = tuple(told["inode"])
        if "mask" in told:
            told["mask"] = {**told["mask"], "values": tuple(told["mask"]["values"])}
        for name in _PARTS.keys() & told.keys():
            told[name] = _PARTS[name](**told[name])
        return FileFacts(**told)
    except (TypeError, KeyError) as exc:
        raise ValueError(f"are no facts of a file: {exc}") from exc


def _told(part: Any) -> dict[str, Any]:
    values = ((name, getattr(part, name)) for name in _NAMES[type(part)])
    return {name: value for name, value in values if value is not None}
