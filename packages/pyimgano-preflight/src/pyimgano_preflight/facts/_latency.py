"""How many threads read the files: one for each processor, more where the storage is slow to answer."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from pyimgano_core.engine import default_workers, reading_workers
from pyimgano_preflight.facts._bytes import UnusableFileError, open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_preflight.facts._contract import Depth

_PROBES = 15


def choose_workers(paths: Sequence[str], depth: Depth) -> int:
    """Return the number of threads; parsing headers alone gains nothing from a second one."""
    workers = reading_workers(storage_latency(paths))
    return 1 if depth == "quick" and workers == default_workers() else workers


def storage_latency(paths: Sequence[str]) -> float:
    """Return the median time in seconds that opening a file and reading its first bytes takes.

    A few files from all over the data set are tried one after the other; those that can't be read don't
    count.
    """
    times = []
    for path in paths[:: max(1, len(paths) // _PROBES)]:
        start = time.perf_counter()
        try:
            with open_regular(path):
                times.append(time.perf_counter() - start)
        except UnusableFileError:
            continue
    return median(times) if times else 0.0
