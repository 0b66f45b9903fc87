"""What a result depends on besides its data and its settings: versions and platform."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pyimgano_core.contracts.json_text import to_json

_PACKAGES = (
    "pyimgano-core",
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


def installed_versions() -> dict[str, str | None]:
    """Return the versions of Python and of every package that has a part in a score."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def describe_environment() -> dict[str, Any]:
    """Return versions and platform, and as `fingerprint_sha256` what tells them from others."""
    facts = {
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": installed_versions(),
    }
    return {**facts, "fingerprint_sha256": hashlib.sha256(to_json(facts).encode()).hexdigest()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
