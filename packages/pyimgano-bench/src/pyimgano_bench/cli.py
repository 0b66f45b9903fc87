"""The `pyimgano-benchmark` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pyimgano_bench.commands.compare import command as compare
from pyimgano_bench.commands.cost import command as cost
from pyimgano_bench.commands.deployed import artifact_options, measure_artifact
from pyimgano_bench.commands.deployed import command as deployed
from pyimgano_bench.commands.few_shot import command as few_shot
from pyimgano_bench.commands.report import command as report
from pyimgano_bench.commands.robustness import command as robustness
from pyimgano_bench.options import limit_option, output_option, read_request, suite_options
from pyimgano_bench.scale import scale_options
from pyimgano_core.cli.app import json_option, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORKBENCH_ONLY = ("--preflight", "--dry-run", "--export-infer-config", "--save-maps")
_SUBCOMMANDS = (compare, cost, deployed, few_shot, report, robustness)
_BELONGS_TO = {
    "predictions": ("infer_config", "--infer-config"),
    "label": ("infer_config", "--infer-config"),
    "margin": ("baseline", "--fail-if-worse-than"),
}


def _refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and not context.resilient_parsing:
        raise click.UsageError(
            f"{parameter.opts[0]} can't run in benchmark mode; use the workbench: pyimgano-train"
        )


def _workbench_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of pyimgano-train that a benchmark does not have say where they are."""
    for name in _WORKBENCH_ONLY:
        option = click.option(name, is_flag=True, hidden=True, expose_value=False, callback=_refuse)
        function = option(function)
    return function


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@suite_options
@scale_options
@limit_option
@output_option
@click.option("--references", is_flag=True, help="Show what others published of mvtec and visa, apart.")
@click.option(
    "--fail-if-worse-than",
    "baseline",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Compare the results with this benchmark's, and exit with 3 where they lost more than --margin.",
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0.0, max=1.0, max_open=True),
    default=0.01,
    show_default=True,
    help="A difference of a metric that is too small to matter.",
)
@artifact_options
@click.option(
    "--list", "list_suites", is_flag=True, help="List the suites that come with the package and stop."
)
@click.option("--validate", is_flag=True, help="Tell what would run and all that is wrong with it, and stop.")
@click.option("--list-categories", is_flag=True, help="List the data sets' categories and stop.")
@json_option
@_workbench_options
@click.version_option(package_name="pyimgano-bench")
@click.pass_context
def benchmark(context: click.Context, /, **options: Any) -> int | None:
    """Compare detectors over data sets, categories and seeds: one cell each, run as pyimgano-train runs it.

    Paths in a suite are relative to its folder. A cell that failed is recorded and the others go on; the same
    command with the same --output-dir computes only what is missing. Exit codes: 0 done, 2 the data has
    errors, 3 --fail-if-worse-than found a loss, 4 some cells or images failed, 64 wrong usage or
    configuration, 130 interrupted.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context, context.invoked_subcommand)
        return None
    from pyimgano_bench import running  # noqa: PLC0415 - keeps start-up light

    if options["list_suites"]:
        return running.show_suites(as_json=options["as_json"])
    _refuse_lonely(context, options)
    if options["infer_config"] is not None:
        _refuse_beside_artifact(context)
        return measure_artifact(context, options)
    request = read_request(context, options)
    if options["list_categories"]:
        return running.show_categories(request, as_json=options["as_json"])
    if options["validate"]:
        return running.validate(request, as_json=options["as_json"])
    return running.run_suite(request, options)


for _subcommand in _SUBCOMMANDS:
    benchmark.add_command(_subcommand)


def _given(context: click.Context) -> Iterator[click.Parameter]:
    """Yield the options that stand on the command line."""
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            yield parameter


def _refuse_options_before(context: click.Context, name: str) -> None:
    """Refuse options that stand before a subcommand's name, where they would be of no account."""
    for parameter in _given(context):
        raise click.UsageError(f"{parameter.opts[0]} stands before {name!r}; options come after it")


def _refuse_lonely(context: click.Context, options: dict[str, Any]) -> None:
    """Refuse options that say something of another one, which is not given."""
    for parameter in _given(context):
        owner, flag = _BELONGS_TO.get(parameter.name or "", ("", ""))
        if owner and options[owner] is None:
            raise click.UsageError(f"{parameter.opts[0]} says nothing without {flag}")


def _refuse_beside_artifact(context: click.Context) -> None:
    """Refuse options that measuring an artifact would pass over, a gate above all."""
    known = {parameter.name for parameter in deployed.params}
    for parameter in _given(context):
        if parameter.name not in known:
            raise click.UsageError(f"{parameter.opts[0]} does not go with --infer-config; leave one out")


def main() -> None:
    """Run the command as a process."""
    run(benchmark)
