"""How much memory the fits of a run are going to take, and whether the machine has it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.detectors import MemoryPredicting, create_detector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyimgano_core.contracts.config import RunConfig

_MIB = 2**20
_MEMINFO = Path("/proc/meminfo")
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat")
_V2 = ("memory.max", "memory.current", "memory.stat")


@define(frozen=True, kw_only=True)
class MemoryForecast:
    """What the fits of a run need, in units of 2^20 bytes.

    Attributes:
        fit_mb: of the category that needs the most; categories are fitted one after the other.
        model_mb: the size of each category's model, by name.
        available_mb: what the machine has, as far as it tells.
        words: the same in words, for the category that needs the most.
        warning: set where that is more than the machine has.
    """

    fit_mb: float
    model_mb: dict[str, float]
    available_mb: float | None
    words: str
    warning: str | None = None


def forecast_memory(
    config: RunConfig, base: Path, train_counts: Mapping[str, int], available_mb: float | None
) -> MemoryForecast | None:
    """Return what the fits of a run need; None where the detector can't tell, or there is nothing to fit.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        train_counts: the train images of each category. With tiling a fit may see as many tiles as the config
            allows, and that is what is counted.
        available_mb: from `available_memory`.

    Raises:
        ConfigError: the detector or its features can't be had as configured.
        MachineError: a package that fitting needs is missing.
    """
    detector = create_detector(config.model, base)
    if not isinstance(detector, MemoryPredicting) or not train_counts:
        return None
    tiling = config.dataset.tiling
    estimates = {
        name: detector.predict_memory(
            count if tiling is None else max(count, tiling.max_train_tiles), config.dataset.resize
        )
        for name, count in train_counts.items()
    }
    worst = max(estimates.values(), key=lambda each: each.fit_mb)
    return MemoryForecast(
        fit_mb=round(worst.fit_mb, 1),
        model_mb={name: round(each.model_mb, 3) for name, each in estimates.items()},
        available_mb=None if available_mb is None else round(available_mb, 1),
        words=worst.words,
        warning=_warning(worst.fit_mb, available_mb),
    )


def _warning(needed: float, available: float | None) -> str | None:
    if available is None or needed <= available:
        return None
    return (
        f"fitting takes about {needed:.0f} MB of memory and only {available:.0f} MB are available: it may be "
        "ended by the system; close other programs, or lower dataset.resize or the model's options"
    )


def available_memory() -> float | None:
    """Return how much memory a process can still take, in units of 2^20 bytes; None where nothing tells."""
    found = [each for each in (_of_system(), _of_cgroup()) if each is not None]
    return min(found) / _MIB if found else None


def _of_system() -> int | None:
    """Return what Linux says is available, else the size of the memory, which is more."""
    text = _read(_MEMINFO)
    match = re.search(r"^MemAvailable:\s+(\d+) kB$", text, flags=re.MULTILINE)
    if match:
        return int(match[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def _of_cgroup() -> int | None:
    """Return what is left of the limits of the container or job, and of those around it, where any is set."""
    own = Path(_read(_OWN_CGROUP).rpartition("::")[2].strip().lstrip("/"))
    groups = [(_CGROUPS / group, _V2) for group in (own, *own.parents)] + [(_CGROUPS / "memory", _V1)]
    left = [each for each in (_left_of(*group) for group in groups) if each is not None]
    return min(left, default=None)


def _left_of(group: Path, names: tuple[str, str, str]) -> int | None:
    """Return what is left of a group's limit; the cache of files is given back when it is needed."""
    limit, usage, stat = (_read(group / name).strip() for name in names)
    if not (limit.isdigit() and usage.isdigit()):
        return None
    cache = re.search(r"^(?:total_)?inactive_file (\d+)$", stat, re.MULTILINE)
    return max(0, int(limit) - int(usage) + (int(cache[1]) if cache else 0))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
