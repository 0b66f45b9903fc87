"""What commands do about their outputs: folders, how what was interrupted goes on, and told failures."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyimgano_bench.cell import CELLS
from pyimgano_bench.failures import DetectorError
from pyimgano_core.cli.app import report_error
from pyimgano_core.errors import UsageError
from pyimgano_core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pyimgano_core.errors import PyimganoError


def fresh_folder(name: str, now: datetime) -> Path:
    """Return a time-stamped folder under `runs/` that does not exist yet."""
    stem = f"{name}_{now.strftime('%Y%m%d_%H%M%S')}"
    names = (stem if number == 1 else f"{stem}_{number}" for number in count(1))
    return next(folder for name in names if not (folder := Path("runs") / name).exists())


def check_folder(folder: Path, marks: Sequence[str] = (CELLS,)) -> None:
    """Refuse a folder that holds anything, but none of the `marks` of results.

    Raises:
        UsageError: it is refused, or is no folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; give another --output-dir")
    if any(folder.iterdir()) and not any((folder / name).exists() for name in marks):
        raise UsageError(f"{folder} holds other files and no results; give another --output-dir")


@contextmanager
def hint_to_resume(folder: Path) -> Iterator[None]:
    """Say how a command that stops before its end goes on."""
    try:
        yield
    except UsageError:  # refused: another folder or time is the answer
        raise
    except BaseException:
        if (folder / CELLS).is_dir():
            finished = sum(1 for _ in (folder / CELLS).glob("*.json"))
            number = number_of(finished, "finished cell")
            found = f"{number} in {folder}" if finished else "no cell is finished yet"
            click.echo(f"{found}; go on with --output-dir {folder}", err=True)
        raise


def tell_failure(where: str, error: PyimganoError) -> None:
    """Print a failure that does not stop the others to stderr, a detector's own with its traceback."""
    click.echo(f"{where} failed", err=True)
    if isinstance(error, DetectorError):
        click.echo(error.details, err=True)
    else:
        report_error(error)
