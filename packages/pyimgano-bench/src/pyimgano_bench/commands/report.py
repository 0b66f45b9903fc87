"""`pyimgano-benchmark report`."""

from __future__ import annotations

from pathlib import Path

import click

from pyimgano_core.cli.app import emit_json, json_option, write_stdout


@click.command("report", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--references", is_flag=True, help="Show what others published of mvtec and visa, apart.")
@json_option
def command(folder: Path, *, references: bool, as_json: bool) -> None:
    """Write results.csv, results.md and leaderboard.html of a benchmark's FOLDER anew; nothing is run.

    They come from its results.json, and from its cost.json where there is one. Exit codes: 0 done, 5 one of
    the two can't be read, 64 wrong usage.
    """
    from pyimgano_bench.leaderboard import write_reports  # noqa: PLC0415 - keeps start-up light
    from pyimgano_bench.references import find_published  # noqa: PLC0415 - as above
    from pyimgano_bench.results import BenchResults  # noqa: PLC0415 - as above
    from pyimgano_bench.tables import text_report  # noqa: PLC0415 - as above
    from pyimgano_core.artifacts import read_artifact  # noqa: PLC0415 - as above

    results = read_artifact(folder / "results.json", BenchResults)
    write_reports(folder, results, references=references)
    if as_json:
        emit_json(results)
    else:
        text = text_report(results, find_published(results) if references else ())
        write_stdout(f"{text}\n\nresults: {folder}\n")
