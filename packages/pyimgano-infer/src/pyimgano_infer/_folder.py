"""The folder of an unfinished run, `OUTPUT.partial`, and who may be at work in it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import define

from pyimgano_core.artifacts import try_lock
from pyimgano_core.errors import UsageError
from pyimgano_infer._output import shown, writing
from pyimgano_infer._plan import claim_folder, is_claimed, release_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.engine import Shard as Job
    from pyimgano_infer._plan import Settings

_JOINING = ".joining"


@define(kw_only=True)
class Folder:
    """Where the parts of a run are.

    Attributes:
        path: the folder.
        is_done: nothing in it is needed any more.
        is_left: it stays for other jobs.
    """

    path: Path
    is_done: bool = False
    is_left: bool = False


@contextmanager
def temporary_folder() -> Iterator[Folder]:
    """Give a folder for a run that nobody can go on with."""
    with tempfile.TemporaryDirectory(prefix="pyimgano-infer-", ignore_cleanup_errors=True) as name:
        yield Folder(path=Path(name))


@contextmanager
def partial_folder(output: Path, settings: Settings, job: Job | None) -> Iterator[Folder]:
    """Give `OUTPUT.partial`; it is removed if it is done with, else how to go on is said.

    Args:
        output: where the results go in the end.
        settings: what decides the lines.
        job: which one of an array of jobs this is; None for all of the work.

    Raises:
        ArtifactError: its plan is damaged.
        MachineError: it can't be written.
        UsageError: it is of another command, or another one is at work in it.
    """
    folder = Folder(path=output.with_name(output.name + ".partial"))
    with writing(output):
        _make_folder(folder.path)
    try:
        with _only_run(folder.path, job):
            claim_folder(folder.path, settings)
            try:
                yield folder
            finally:
                if not (folder.is_done or folder.is_left):
                    folder.is_done = _is_of_no_use(folder.path, job)
                if folder.is_done:
                    release_folder(folder.path)
    finally:
        if folder.is_done:  # and nothing in it is locked any more, which some systems would not remove
            shutil.rmtree(folder.path, ignore_errors=True)


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{shown(folder)}: is in the way of unfinished results; remove it")
    folder.mkdir(parents=True, exist_ok=True)


def _is_of_no_use(folder: Path, job: Job | None) -> bool:
    """Return whether a run that ends early has left nothing to go on with; other jobs may yet."""
    if job is not None or any(folder.glob("part-*")):
        click.echo(f"unfinished results: {shown(folder)}; the same command goes on with them", err=True)
        return False
    return True


@contextmanager
def _only_run(folder: Path, job: Job | None) -> Iterator[None]:
    """Keep others out of the folder who would do the same work."""
    own = ".lock" if job is None else f".lock-{job.index}-of-{job.count}"
    with ExitStack() as held:
        if job is None:
            with ExitStack() as looked_at:
                for other in folder.glob(".lock-*"):
                    _hold(other, looked_at)
        _hold(folder / own, held)
        yield


def _hold(path: Path, held: ExitStack) -> None:
    with writing(path):
        lock = try_lock(path)
    if lock is None:
        message = "another run is at work there; wait for its end, or choose another --output"
        raise UsageError(f"{shown(path.parent)}: {message}")
    held.enter_context(lock)


@contextmanager
def joining(folder: Path) -> Iterator[bool]:
    """Give whether it is for this process to put the parts together: another job may be about it, or done."""
    lock = None
    if is_claimed(folder):
        with writing(folder):
            lock = try_lock(folder / _JOINING)
    if lock is None:
        yield False
        return
    with lock:
        yield is_claimed(folder)
