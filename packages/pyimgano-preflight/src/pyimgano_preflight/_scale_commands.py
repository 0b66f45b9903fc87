"""The commands that share the work between machines: `scan` looks at the files, `merge` makes the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import fields_dict

from pyimgano_core.cli.app import json_option
from pyimgano_core.cli.engine import engine_options
from pyimgano_preflight._options import PATH, data_options, reading_options, report_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@data_options
@click.option(
    "--shard",
    metavar="I/N",
    help="Look at the files of every Nth record, beginning with record I, from 0: all of them without it. "
    "What is left out, as in /N, is what SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX and "
    "SLURM_ARRAY_TASK_COUNT hold.",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Scan all of N shards here, with --workers processes of one thread each, or on a cluster.",
)
@engine_options
@click.option(
    "--output",
    type=PATH,
    required=True,
    metavar="PATH",
    help="Where the facts go, as JSON Lines: a file, with --shards a folder of files.",
)
@reading_options
@json_option
def scan(**given: Any) -> int:
    """Gather the facts of one shard of a data set, or of all; `merge` makes the report of all of them.

    The same command does nothing where its output is whole, and begins a shard again where it is not.

    Exit codes: 0 done, 2 there is no data set, 4 shards that ended seven processes are missing, 64 wrong
    usage or configuration, 74 the disk is full, or the cluster or Ray missing.
    """
    from pyimgano_preflight import _scale  # noqa: PLC0415 - keeps start-up light
    from pyimgano_preflight._reading import ReadOptions  # noqa: PLC0415
    from pyimgano_preflight._source import Choice  # noqa: PLC0415

    choice = Choice(**{name: given[name] for name in fields_dict(Choice)})
    reading = ReadOptions(**{name: given[name] for name in fields_dict(ReadOptions)})
    options = _scale.ScanOptions(**{name: given[name] for name in fields_dict(_scale.ScanOptions)})
    return _scale.scan_data(choice, reading, options)


@click.command()
@data_options
@click.argument("facts", nargs=-1, type=PATH)
@report_options
def merge(*, facts: tuple[Path, ...], **given: Any) -> int:
    """Report on a data set from the FACTS of all its shards, the files or folders that `scan` wrote.

    SOURCE is what was scanned. Where an option names it instead, all arguments are FACTS. The report is that
    of a check, except for its times. No image is read, but for the few that a deep one finds near-duplicates
    among.

    Exit codes: as for check, and 5 where shards are missing, torn, or of other data.
    """
    from pyimgano_preflight import _scale  # noqa: PLC0415 - keeps start-up light
    from pyimgano_preflight._report_options import ReportOptions  # noqa: PLC0415
    from pyimgano_preflight._source import Choice  # noqa: PLC0415

    source = given["source"]
    if source is not None and any(given[name] is not None for name in ("manifest", "root", "config")):
        given["source"], facts = None, (source, *facts)
    choice = Choice(**{name: given[name] for name in fields_dict(Choice)})
    options = ReportOptions(**{name: given[name] for name in fields_dict(ReportOptions)})
    return _scale.merge_data(choice, facts, options)
