"""What the command line says of the reading of files, and the store that follows it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import define

from pyimgano_preflight.facts import Depth, FactCache, FactStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class ReadOptions:
    """How far files are looked into, by how many threads, and where facts are kept for the next time.

    Without `workers` there are as many as the storage calls for.
    """

    profile: Depth = "standard"
    workers: int | None = None
    cache: Path | None = None


@contextmanager
def open_facts(reading: ReadOptions, config: RunConfig, progress: Progress) -> Iterator[FactStore]:
    """Give a store that knows nothing yet; its cache is written at the end, or it is said why it can't be."""
    bounds = config.dataset.sixteen_bit_range
    opened = nullcontext() if reading.cache is None else FactCache(reading.cache, bounds)
    with opened as cache:
        yield FactStore(
            reading.profile, progress, sixteen_bit_range=bounds, workers=reading.workers, cache=cache
        )
    if cache is not None and cache.notice is not None:
        click.echo(cache.notice, err=True)
