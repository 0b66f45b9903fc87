"""`pyimgano-benchmark cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyimgano_bench.options import read_request, suite_options
from pyimgano_core.cli.app import INTERRUPTS, emit_json, json_option, write_stdout

_AT_LEAST_1 = click.IntRange(min=1)


@click.command("cost", context_settings={"help_option_names": ["-h", "--help"]})
@suite_options
@click.option("--rounds", type=_AT_LEAST_1, default=4, show_default=True, help="How often each is measured.")
@click.option("--images", type=_AT_LEAST_1, default=100, show_default=True, help="Images timed in a round.")
@click.option("--batch", type=_AT_LEAST_1, default=8, show_default=True, help="Images of a batch.")
@click.option(
    "--threads",
    type=_AT_LEAST_1,
    default=1,
    show_default=True,
    help="Threads of a fit, and images scored side by side for the throughput.",
)
@click.option(
    "--output-dir", type=click.Path(path_type=Path), help="Where results go; a benchmark's folder will do."
)
@json_option
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Measure what contenders cost: time, memory and size of a fit, and of scoring as it is deployed.

    Every fit and every scoring runs in a process of its own, in turns between the contenders, under the first
    seed. Writes cost.json, .csv and .md, and the graphs; pyimgano-benchmark report shows them beside the
    accuracy where they lie in a benchmark's folder. Exit codes: 0 done, 2 the data has errors, 4 some failed,
    64 wrong usage or configuration, 130 interrupted.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps start-up light

    from pyimgano_bench.cost._contract import CostProtocol  # noqa: PLC0415 - as above
    from pyimgano_bench.cost._run import run_cost  # noqa: PLC0415 - as above
    from pyimgano_bench.cost._tables import text_report  # noqa: PLC0415 - as above
    from pyimgano_bench.outputs import fresh_folder, tell_failure  # noqa: PLC0415 - as above
    from pyimgano_bench.plan import make_plan  # noqa: PLC0415 - as above
    from pyimgano_core.contracts.structuring import unstructure  # noqa: PLC0415 - as above
    from pyimgano_core.progress import for_terminal_or_log  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    request = read_request(context, options)
    folder: Path = options["output_dir"] or fresh_folder("cost", now)
    try:
        results, exit_code = run_cost(
            make_plan(request.suite, request.overrides, request.base),
            folder,
            CostProtocol(**{name: options[name] for name in ("rounds", "images", "batch", "threads")}),
            settings={"suite": unstructure(request.suite), "overrides": request.overrides},
            now=now,
            progress=for_terminal_or_log(),
            on_error=tell_failure,
        )
    except INTERRUPTS:
        if (folder / "cost.json").is_file():
            click.echo(f"what was measured is in {folder}", err=True)
        raise
    if options["as_json"]:
        emit_json(results)
    else:
        write_stdout(f"{text_report(results)}\n\nresults: {folder}\n")
    return exit_code
