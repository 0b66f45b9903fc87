"""What a run ran on: core's facts, the processors and the state of the user's repository."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from pyimgano_core import environment
from pyimgano_core.contracts.environment import Environment, GitState
from pyimgano_core.contracts.structuring import structure

if TYPE_CHECKING:
    from pathlib import Path


def describe_environment(folder: Path) -> Environment:
    """Return versions, platform, processor count and the git state of `folder`."""
    facts = {**environment.describe_environment(), "processors": os.cpu_count(), "git": _git_state(folder)}
    return structure(facts, Environment, known_only=True)


def _git_state(folder: Path) -> GitState | None:
    """Return commit and whether anything is uncommitted; None without git, or outside of a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return GitState(commit=commit, dirty=bool(_git(folder, "status", "--porcelain", "--untracked-files=no")))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            cwd=folder,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
