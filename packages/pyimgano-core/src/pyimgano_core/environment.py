"""What a result depends on besides its data and its settings: versions and platform.

All distributions of onnxruntime (https://onnxruntime.ai/docs/install) bring the same folder, so that two of
them overwrite each other: the one installed last decides what works, and removing one breaks the other.
"""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_ONNXRUNTIMES = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "onnxruntime-openvino",
    "onnxruntime-migraphx",
    "onnxruntime-rocm",
    "onnxruntime-qnn",
    "onnxruntime-cann",
    "onnxruntime-vitisai",
    "onnxruntime-training",
    "ort-nightly",
    "ort-nightly-gpu",
)


def installed_versions() -> dict[str, str | None]:
    """Return the versions of Python and of every package that has a part in a score."""
    return {"python": platform.python_version(), **{name: installed_version(name) for name in _PACKAGES}}


def describe_environment() -> dict[str, Any]:
    """Return versions and platform, and as `fingerprint_sha256` what tells them from others."""
    facts = {
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": installed_versions(),
    }
    return {**facts, "fingerprint_sha256": hashlib.sha256(to_json(facts).encode()).hexdigest()}


def onnxruntime_distributions() -> tuple[str, ...]:
    """Return the names of the installed distributions of onnxruntime: one, where all is well."""
    return tuple(name for name in _ONNXRUNTIMES if installed_version(name) is not None)


def distribution_conflict(names: Sequence[str]) -> str | None:
    """Return what several distributions of onnxruntime break and what to do, or None for up to one."""
    if len(names) <= 1:
        return None
    return (
        f"{' and '.join(names)} are installed in one environment and overwrite each other; keep one: "
        f"pip uninstall -y {' '.join(names)} && pip install {names[-1]}"
    )


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution, or None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
