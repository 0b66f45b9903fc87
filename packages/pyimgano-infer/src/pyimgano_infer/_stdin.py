"""A list of paths that another program writes to stdin, one at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

_CHUNK = 1 << 16
_LONGEST = 1 << 16  # bytes; no system has longer paths


def read_paths(stream: BufferedReader, *, null: bool) -> Iterator[str]:
    """Yield the paths in a list; empty ones are passed over.

    Args:
        stream: where the list is.
        null: whether each ends with a NUL, as `find -print0` writes them, instead of a line end.

    Raises:
        UsageError: what is there can't be a list of paths.
    """
    end, rest = (b"\0" if null else b"\n"), b""
    while chunk := stream.read1(_CHUNK):
        *names, rest = (rest + chunk).split(end)
        yield from filter(None, (_path(name, null=null) for name in names))
        if len(rest) > _LONGEST:
            hint = "" if null else "; --null reads names that end with a NUL"
            raise UsageError(f"stdin holds no list of paths: a name has more than {_LONGEST} bytes{hint}")
    if rest:
        yield _path(rest, null=null)


def _path(name: bytes, *, null: bool) -> str:
    if b"\0" in name:
        raise UsageError("stdin holds a NUL character in a line; give --null where names end with it")
    try:
        return os.fsdecode(name if null else name.removesuffix(b"\r"))
    except UnicodeDecodeError as exc:  # on Windows, where names are text
        raise UsageError(f"stdin holds {name[:100]!r}, which is not UTF-8; write the list in UTF-8") from exc
