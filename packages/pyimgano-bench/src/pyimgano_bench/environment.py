"""The machine that times were measured on, as facts and in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def machine_in_words(machine: Mapping[str, Any]) -> dict[str, str]:
    """Return what `describe_machine` told, for a reader: with units, and without what can't be known."""
    words = {name: str(value) for name, value in machine.items() if value is not None}
    if "memory_gib" in words:
        words["memory"] = f"{words.pop('memory_gib')} GiB"
    return words


def origin_in_words(timestamp: str, machine: Mapping[str, Any], versions: Mapping[str, str | None]) -> str:
    """Return a line on when results were made, on which machine and with which versions."""
    installed = {name: version for name, version in versions.items() if version is not None}
    facts = (
        ", ".join(f"{name} {value}" for name, value in each.items())
        for each in (machine_in_words(machine), installed)
    )
    return f"{'; '.join([timestamp, *facts])}."


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
