"""Keeps commands out of each other's way: one in a folder at a time, or the jobs of one array."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import remove_lock, try_lock
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.engine import Shard

_LOCK = ".lock-"


@contextmanager
def only_job(folder: Path, shard: Shard) -> Iterator[None]:
    """Make a folder of cells, and keep it for this job; the other jobs of the same array may be in it.

    A command that is alone in it also takes away what killed processes left.

    Raises:
        UsageError: the same job is at work in it, or another array of jobs.
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    array = f"-of-{shard.count}"
    own = folder / f"{_LOCK}{shard.index}{array}"
    lock = try_lock(own)
    if lock is None:
        raise _busy(folder)
    try:
        _refuse_others(folder, array)
        try:
            yield
        finally:
            if shard.count == 1:
                _tidy(folder)
    finally:
        remove_lock(own, lock)


def _refuse_others(folder: Path, array: str) -> None:
    for path in folder.glob(f"{_LOCK}*"):
        if path.name.endswith(array):
            continue
        lock = try_lock(path)
        if lock is None:
            raise _busy(folder)
        remove_lock(path, lock)  # of a command that was killed


def _tidy(folder: Path) -> None:
    for ending in ("tmp", "journal"):
        for left in folder.glob(f".*.{ending}"):
            left.unlink(missing_ok=True)


def _busy(folder: Path) -> UsageError:
    return UsageError(
        f"{folder.parent}: another benchmark is at work in it: wait for its end, or give another --output-dir"
    )
