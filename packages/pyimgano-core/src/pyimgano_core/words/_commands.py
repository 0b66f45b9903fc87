"""Commands that a person may copy into the shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def command_line(words: Sequence[str]) -> str:
    """Return a command as this shell knows it: by `uv run` where that is how this one was called."""
    whole = [*(["uv", "run"] if "UV" in os.environ else []), *words]
    return subprocess.list2cmdline(whole) if sys.platform == "win32" else shlex.join(whole)
