"""The versions that a result depends on, and the machine that its times were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = (
    "pyimgano-core",
    "pyimgano-bench",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pillow",
    "scikit-image",
    "timm",
    "torch",
)


def installed_versions() -> dict[str, str | None]:
    """Return the versions of Python and of every package that has a part in a score."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def describe_machine() -> dict[str, Any]:
    """Return the platform and its number of processors."""
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
