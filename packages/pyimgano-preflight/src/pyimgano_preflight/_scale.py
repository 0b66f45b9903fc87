"""What `scan` and `merge` do; apart from the commands, so that asking for help loads nothing of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from attrs import define

from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.engine import ShardError, choose_engine
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_core.progress import for_terminal
from pyimgano_core.words import agree, number_of
from pyimgano_preflight._commands import report_on
from pyimgano_preflight._merge import merge_shards
from pyimgano_preflight._reading import open_facts
from pyimgano_preflight._report_options import check_settings, refuse_overwriting
from pyimgano_preflight._scan import parse_shard, scan_shard
from pyimgano_preflight._scan_folder import find_parts, scan_folder
from pyimgano_preflight._source import load_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.engine import Engine
    from pyimgano_preflight._reading import ReadOptions
    from pyimgano_preflight._report_options import ReportOptions
    from pyimgano_preflight._source import Choice
    from pyimgano_preflight.runner import Outcome


@define(frozen=True, kw_only=True)
class ScanOptions:
    """What the command line says of a scan, beside the reading of files."""

    output: Path
    shard: str | None = None
    shards: int | None = None
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    as_json: bool = False


def scan_data(choice: Choice, reading: ReadOptions, options: ScanOptions) -> int:
    """Scan a shard, or all of them, say what was done, and return the exit code."""
    engine = choose_engine(options.engine, workers=reading.workers, address=options.address)
    refuse_overwriting([options.output], choice.files)
    if options.shards is not None:
        if options.shard is not None:
            raise UsageError("--shard scans one shard and --shards all of them; give one of them")
        if options.engine == "ray" and reading.cache is not None:
            raise UsageError("--cache is a file of one machine, and --engine ray has several; leave it out")
        return _scan_all(choice, reading, options, options.shards, engine)
    if options.engine != "local":
        raise UsageError(f"--engine {options.engine} shares out shards: say with --shards N how many")
    return _scan_one(choice, reading, options)


def _scan_one(choice: Choice, reading: ReadOptions, options: ScanOptions) -> int:
    shard = parse_shard(options.shard or "0/1", os.environ)
    config, base = load_choice(choice)
    with open_facts(reading, config, for_terminal()) as facts:
        scanned = scan_shard(config, base, facts, shard, options.output)
    if options.as_json:
        told = {**unstructure(scanned.header), "files": scanned.file_count, "is_new": scanned.is_new}
        emit_json({"scan": told})
    else:
        files = number_of(scanned.file_count, "file")
        before = "" if scanned.is_new else " before"
        write_stdout(f"{options.output}: {files} looked at{before}\n")
    return ExitCode.DONE


def _scan_all(choice: Choice, reading: ReadOptions, options: ScanOptions, count: int, engine: Engine) -> int:
    config, base = load_choice(choice)
    outcomes = scan_folder(config, base, reading, count=count, folder=options.output, engine=engine)
    given_up: list[ShardError] = []
    for outcome in for_terminal().track(outcomes, "scanning shards", count):
        if isinstance(outcome.error, ShardError):
            given_up.append(outcome.error)
        elif outcome.error is not None:
            raise outcome.error
    given_up.sort(key=lambda error: error.index)
    if options.as_json:
        failed = [{"shard": error.index, "reason": str(error)} for error in given_up]
        emit_json({"scan": {"folder": str(options.output), "shards": count, "failed": failed}})
    else:
        whole = count - len(given_up)
        write_stdout(
            f"{options.output}: {whole} of {number_of(count, 'shard')} {agree(whole, 'is', 'are')} whole\n"
        )
    for error in given_up:
        click.echo(f"Error: {error}", err=True)
    if given_up:
        click.echo(
            "The same command tries them again; with more shards, fewer files fail with one.", err=True
        )
    return ExitCode.SOME_INPUTS_FAILED if given_up else ExitCode.DONE


def merge_data(choice: Choice, paths: Sequence[Path], options: ReportOptions) -> int:
    """Report on the shards, and return the exit code."""
    parts = find_parts(paths)

    def merge() -> Outcome:
        settings = check_settings(options)
        config, base = load_choice(choice)
        return merge_shards(config, base, for_terminal(), parts, settings)

    return report_on(merge, (*choice.files, *parts), options)
