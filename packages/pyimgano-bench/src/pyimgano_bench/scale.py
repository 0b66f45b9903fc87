"""The options that say where cells are run, and how many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pyimgano_core.cli.engine import engine_options
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyimgano_core.engine import Engine, Shard

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        metavar="N",
        help="Cells run at a time, a process each, which share the processors and need memory for as many "
        "fits; 0 runs all in this process.  [default: 1; on a cluster as many as it takes]",
    ),
    engine_options,
    click.option(
        "--num-shards",
        type=click.IntRange(min=1),
        metavar="N",
        help="One of N jobs of the same command, which share the cells and the folder of --output-dir; the "
        "job that ends last writes the results.  [default: SLURM_ARRAY_TASK_COUNT]",
    ),
    click.option(
        "--shard-index",
        type=click.IntRange(min=0),
        metavar="I",
        help="Which one, from 0.  [default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX]",
    ),
)


class Scale(NamedTuple):
    """Where cells are run: None for this process; and which share of them is this job's."""

    engine: Engine | None
    shard: Shard


def scale_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of this module; the command passes its options to `read_scale`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_scale(options: Mapping[str, Any], environment: Mapping[str, str]) -> Scale:
    """Return what the options of `scale_options` ask for; other options are of no account.

    Only who gives a number of shards or an index is a job of an array, whatever `environment` tells.

    Raises:
        UsageError: the options can't be followed.
    """
    from pyimgano_core.engine import Shard, find_shard  # noqa: PLC0415 - keeps start-up light

    count, index = options["num_shards"], options["shard_index"]
    is_job = count is not None or index is not None
    return Scale(engine=_engine(options), shard=find_shard(index, count, environment) if is_job else Shard())


def _engine(options: Mapping[str, Any]) -> Engine | None:
    from pyimgano_core.engine import LocalEngine, choose_engine  # noqa: PLC0415 - as above

    workers: int | None = options["workers"]
    engine = choose_engine(options["engine"], workers=workers, address=options["address"])
    if isinstance(engine, LocalEngine):
        return None if workers == 0 else LocalEngine(workers=workers or 1, threads=_threads(workers or 1))
    if workers == 0:
        raise UsageError("--workers 0 runs all cells in this process, --engine ray none; give one of them")
    return engine


def _threads(workers: int) -> int | None:
    """Return how many threads each process gets: one alone takes what it would take without the others."""
    from pyimgano_core.engine import default_workers  # noqa: PLC0415 - as above

    return None if workers == 1 else max(1, default_workers() // workers)
