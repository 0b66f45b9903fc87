"""Where results go that no option names a folder for, and how what was interrupted goes on."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyimgano_bench.cell import CELLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


def fresh_folder(name: str, now: datetime) -> Path:
    """Return a time-stamped folder under `runs/` that does not exist yet."""
    stem = f"{name}_{now.strftime('%Y%m%d_%H%M%S')}"
    names = (stem if number == 1 else f"{stem}_{number}" for number in count(1))
    return next(folder for name in names if not (folder := Path("runs") / name).exists())


@contextmanager
def hint_to_resume(folder: Path) -> Iterator[None]:
    """Say how a command that stops before its end goes on."""
    try:
        yield
    except BaseException:
        if (folder / CELLS).is_dir():
            click.echo(f"finished cells are in {folder}; go on with --output-dir {folder}", err=True)
        raise
