"""What makes a file name fail on another machine, by the name alone."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_FORBIDDEN = frozenset('<>:"|?*')
_INVISIBLE = frozenset({"Cc", "Zl", "Zp"})  # controls, and what other programs take for the end of a line
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
)
_FOLDERS_UP = frozenset({"", ".", ".."})


def fold_name(text: str) -> str:
    """Return what is equal for names that some file systems take for one: in either case, NFC or NFD."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def differ_by_case(one: str, other: str) -> bool:
    """Return whether two names of one fold differ by more than the way in which accents are stored."""
    return unicodedata.normalize("NFC", one) != unicodedata.normalize("NFC", other)


def unportable_name(name: str) -> str | None:
    """Return why a name can't be had on every machine, or None where it can.

    The rules of Windows: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    if not name.isprintable() and (reason := _hidden(name)):
        return reason
    if not _FORBIDDEN.isdisjoint(name):
        character = next(character for character in name if character in _FORBIDDEN)
        return f"holds {character!r}, which Windows allows in no name: rename it"
    if name in _FOLDERS_UP:
        return None
    if name[-1] in ". ":
        return f"has a name that ends with {name[-1]!r}, which Windows drops: rename it"
    device = name.partition(".")[0].rstrip(" ").lower()
    return f"has the name of a Windows device, {device!r}: rename it" if device in _DEVICES else None


@lru_cache(maxsize=4096)
def unportable_folder(text: str) -> str | None:
    """Return why a relative path of folders, with slashes, can't be had on every machine."""
    reasons = (unportable_name(name) for name in text.split("/"))
    return next((reason for reason in reasons if reason is not None), None)


def _hidden(name: str) -> str | None:
    kinds = {unicodedata.category(character) for character in name}
    if "Cs" in kinds:
        return "has a name that is not UTF-8: rename it"
    if kinds & _INVISIBLE:
        return "has a control character in its name: rename it"
    return None
