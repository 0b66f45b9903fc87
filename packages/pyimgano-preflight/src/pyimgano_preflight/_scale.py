"""What `scan` and `merge` do; apart from the commands, so that asking for help loads nothing of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import ExitCode
from pyimgano_core.progress import for_terminal
from pyimgano_preflight._commands import report_on
from pyimgano_preflight._merge import merge_shards
from pyimgano_preflight._reading import open_facts
from pyimgano_preflight._report_options import check_settings, refuse_overwriting
from pyimgano_preflight._scan import parse_shard, scan_shard
from pyimgano_preflight._source import load_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_preflight._reading import ReadOptions
    from pyimgano_preflight._report_options import ReportOptions
    from pyimgano_preflight._source import Choice
    from pyimgano_preflight.runner import Outcome


@define(frozen=True, kw_only=True)
class ScanOptions:
    """What the command line says of a scan, beside the reading of files."""

    output: Path
    shard: str = "0/1"
    as_json: bool = False


def scan_data(choice: Choice, reading: ReadOptions, options: ScanOptions) -> int:
    """Scan a shard, say what was done, and return the exit code."""
    shard = parse_shard(options.shard, os.environ)
    refuse_overwriting([options.output], choice.files)
    config, base = load_choice(choice)
    with open_facts(reading, config, for_terminal()) as facts:
        scanned = scan_shard(config, base, facts, shard, options.output)
    if options.as_json:
        told = {**unstructure(scanned.header), "files": scanned.file_count, "is_new": scanned.is_new}
        emit_json({"scan": told})
    else:
        done = "looked at" if scanned.is_new else "were looked at before"
        write_stdout(f"{options.output}: {scanned.file_count} files {done}\n")
    return ExitCode.DONE


def merge_data(choice: Choice, paths: Sequence[Path], options: ReportOptions) -> int:
    """Report on the shards, and return the exit code."""

    def merge() -> Outcome:
        settings = check_settings(options)
        config, base = load_choice(choice)
        return merge_shards(config, base, for_terminal(), paths, settings)

    return report_on(merge, (*choice.files, *paths), options)
