"""Lets a worker give back the memory that loading a graph takes for a while.

The allocator of glibc keeps large blocks for later once a first one was freed. While a runtime loads a graph
and lays its weights out anew, that nearly doubles what the process holds from then on: 241 MB in place of
143 MB for ResNet-18 `patchcore` with a bank of 10,240 patches. Other allocators are left as they are.

Source: https://man7.org/linux/man-pages/man3/mallopt.3.html, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_SMALL = 128 << 10
_LARGE = 32 << 20  # where glibc ends by itself; images are faster from memory that is kept


@contextmanager
def returning_memory() -> Iterator[None]:
    """Let blocks of 128 KiB or more that are freed in this block go back to the system at once."""
    _set_thresholds(_SMALL, _SMALL)
    try:
        yield
    finally:
        _set_thresholds(_LARGE, 2 * _LARGE)


def _set_thresholds(mapped: int, trimmed: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, mapped)
        mallopt(_TRIM_THRESHOLD, trimmed)
