"""What a run ran on: core's facts, the processors and the state of the user's repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from pyimgano_core import environment


def describe_environment() -> dict[str, Any]:
    """Return versions, platform, processor count and git state."""
    return {**environment.describe_environment(), "processors": os.cpu_count(), "git": _git_state()}


def _git_state() -> dict[str, Any] | None:
    """Return commit and whether anything is uncommitted, where the current folder is in a repository."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git("status", "--porcelain", "--untracked-files=no"))}


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            cwd=Path.cwd(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
