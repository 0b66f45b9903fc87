"""The machine that times were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

_CPU_INFO = Path("/proc/cpuinfo")
_GIBIBYTE = 2**30


def describe_machine() -> dict[str, Any]:
    """Return the platform, the processors and the memory in GiB; what can't be known is null.

    Nothing in it names the host or a user.
    """
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_gib": _memory_gib(),
    }


def _processor() -> str | None:
    """Return the processor's model: Linux tells it in a file, other systems tell Python."""
    if _CPU_INFO.is_file():
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
        names = (
            value for key, _, value in (line.partition(":") for line in lines) if key.strip() == "model name"
        )
        return next((name.strip() for name in names), None)
    return platform.processor() or None


def _memory_gib() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # of systems that have no such call
        return None
    return round(size / _GIBIBYTE, 1)
