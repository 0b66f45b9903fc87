"""Category names as folder names, safe on every file system."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_MAX_BYTES = 80
_HASH_DIGITS = 10
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_HASHED = re.compile(rf"-[0-9a-f]{{{_HASH_DIGITS}}}$")


def is_safe_category(name: str) -> bool:
    """Return whether `name` is a plain name: no path separator, no control character, not `.` or `..`."""
    return name not in {".", ".."} and not any(
        character in "/\\" or unicodedata.category(character) in {"Cc", "Cs"} for character in name
    )


def category_slug(name: str) -> str:
    """Return the folder name that stands for category `name`, whatever it contains.

    A name of letters, digits, `.`, `_` and `-` is its own slug. Any other gets a hash of the name behind what
    can be kept of it, so that different names never share a slug. Names that differ by case alone are refused
    by `split_dataset`, since some file systems ignore case.
    """
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", name))
    kept = kept.encode()[:_MAX_BYTES].decode("utf-8", "ignore").strip("._-")
    if name and kept == name and not _RESERVED.fullmatch(name) and not _HASHED.search(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{kept or 'category'}-{digest}"


def _kept(character: str) -> str:
    return character if character.isalnum() or character in "._-" else "_"
