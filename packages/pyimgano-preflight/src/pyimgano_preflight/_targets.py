"""Which files may be written over: reports of ours, and nothing else, for data is only ever read.

What an existing file holds decides, never its name: a manifest, an image or a config is no report.
"""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_HEAD_BYTES = 4096
_LINES = rb"(?:error|warning|info) PF\d{3} |^\d+ errors?, \d+ warnings?"
_MARKS = {
    "text": _LINES,
    "concise": _LINES,
    "json": rb'\A\{\s*"preflight": \{',
    "sarif": rb'\A\{\s*"\$schema": "[^"]*sarif',
    "junit": rb'\A<\?xml [^>]*>\s*<testsuites name="pyimgano-preflight"',
    "github": rb"^::(?:error|warning|notice) title=PF\d{3} ",
    "html": rb"\A<!doctype html>(?s:.*)<title>Data check",
    "issues": rb'\A\{"category": .*"fingerprint": "',
    "baseline": rb'"kind": "pyimgano\.preflight_baseline"',
}


def require_replaceable(path: Path, form: str) -> None:
    """Refuse to write over what is no earlier report of the same form.

    Args:
        path: the file to be written; one that is not there, or is empty, may be.
        form: a format of `--write`, `issues` or `baseline`.

    Raises:
        UsageError: it is there and is something else, or no file at all.
    """
    try:
        state = path.stat()
    except OSError:  # absent: writing it says what is wrong with its folder
        return
    if not stat.S_ISREG(state.st_mode):
        raise UsageError(f"{path}: is no file, and is not written over; --format shows a report on stdout")
    if state.st_size and not re.search(_MARKS[form], _head(path), re.MULTILINE):
        raise UsageError(f"{path}: is there and is no {form} of a preflight: remove it, or name another file")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError as exc:
        raise UsageError(f"{path}: can't be read, and is not written over: {exc.strerror or exc}") from exc
