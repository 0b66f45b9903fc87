"""What a run ran on: versions, platform, processor count and the state of the user's repository."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pyimgano_core.artifacts import to_json

_PACKAGES = (
    "pyimgano-core",
    "pyimgano-workbench",
    "attrs",
    "cattrs",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pillow",
    "scikit-image",
    "timm",
    "torch",
)


def describe_environment() -> dict[str, Any]:
    """Return versions, platform and git state; `fingerprint_sha256` is over the versions and the platform."""
    facts = {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }
    digest = hashlib.sha256(to_json(facts).encode()).hexdigest()
    return {**facts, "processors": os.cpu_count(), "git": _git_state(), "fingerprint_sha256": digest}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


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
