"""Run a function over many inputs on threads, in order, with bounded memory.

Threads are enough where the work happens in libraries that release the interpreter lock: decoding, and the
scorer graph, which runs on one thread per image.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")

_AHEAD_PER_WORKER = 2
_SLOW_SECONDS = 1e-3
_SLOW_STORAGE_WORKERS = 32


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reading_workers(latency: float) -> int:
    """Return how many threads are to read files from storage that answers after `latency` seconds.

    Where it answers at once, there is work for the processors only. Storage on a network is slow to answer
    one request and answers many at a time: measured at 2 ms, 32 threads read 18 times as many files as one.
    """
    if latency <= _SLOW_SECONDS:
        return default_workers()
    return max(default_workers(), _SLOW_STORAGE_WORKERS)


def map_ordered(function: Callable[[T], R], items: Iterable[T], *, workers: int | None = None) -> Iterator[R]:
    """Yield `function(item)` in the order of `items`; a few items are read ahead, never all.

    An exception of `function` is raised where its result would stand. Leaving the loop early cancels what has
    not begun.
    """
    count = workers or default_workers()
    if count == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(count)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > count * _AHEAD_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
