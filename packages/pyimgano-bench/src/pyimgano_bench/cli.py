"""The `pyimgano-benchmark` command."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli.app import emit_json, json_option, report_error, run
from pyimgano_core.errors import PyimganoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_bench.suite import Suite

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_WORKBENCH_ONLY = ("--preflight", "--dry-run", "--export-infer-config", "--save-maps")


def _sets(key: str, *names: str, several: bool = False, **attributes: Any) -> Decorator:
    """An option that sets a key of every run's config: the value goes to the context, under that key."""

    def collect(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            context.ensure_object(dict)[key] = value.split(",") if several else value

    return click.option(*names, expose_value=False, callback=collect, **attributes)


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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="A suite, TOML or JSON.")
@_sets("dataset.name", "--dataset", help="manifest, mvtec, visa, btad, custom or demo.")
@_sets("dataset.root", "--root", type=click.Path(), help="The data set's folder.")
@_sets("dataset.manifest_path", "--manifest-path", type=click.Path(), help="The manifest, JSONL.")
@_sets(
    "dataset.split_policy.test_normal_fraction",
    "--manifest-test-normal-fraction",
    type=float,
    help="Share of the normals without a split that is tested.",
)
@_sets(
    "dataset.split_policy.seed",
    "--manifest-split-seed",
    type=int,
    help="Seed of the split, where it is not to follow --seed.",
)
@click.option("--category", "categories", multiple=True, help="A category to run; repeatable; default all.")
@click.option(
    "--detector",
    "--model",
    "detectors",
    multiple=True,
    help="A detector to run, or a label of the suite's; repeatable; default dictionary, or all of the suite.",
)
@click.option("--seed", "seeds", multiple=True, type=int, help="A seed; repeatable; default 0.")
@_sets("model.features.backbone", "--backbone", help="A timm model, or filters: fixed, without weights.")
@_sets("model.features.weights", "--weights", help="The backbone's weights: a file, or pretrained.")
@_sets("model.features.layers", "--layers", several=True, metavar="A,B", help="The backbone's layers.")
@_sets(
    "dataset.resize", "--resize", type=int, nargs=2, metavar="HEIGHT WIDTH", help="The model's input size."
)
@_sets("model.device", "--device", help="auto, cpu or cuda[:N].")
@_sets(
    "evaluation.pixel_metrics",
    "--pixel/--no-pixel",
    default=None,
    help="Whether pixels are measured where the masks allow it; default yes.",
)
@_sets(
    "evaluation.aupro_limit", "--pixel-aupro-limit", type=float, help="False-positive rate limit of AUPRO."
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set any dotted key of every run."
)
@click.option(
    "--output-dir", type=click.Path(path_type=Path), help="Where results go; cells found there are kept."
)
@click.option("--list-categories", is_flag=True, help="List the data sets' categories and stop.")
@json_option
@_workbench_options
@click.version_option(package_name="pyimgano-bench")
@click.pass_context
def benchmark(context: click.Context, /, *, config_path: Path | None, **options: Any) -> int | None:
    """Compare detectors over data sets, categories and seeds: one cell each, run as pyimgano-train runs it.

    Paths in a suite are relative to its folder. A cell that failed is recorded and the others go on; the same
    command with the same --output-dir computes only what is missing. Exit codes: 0 done, 2 the data has
    errors, 4 some cells or images failed, 64 wrong usage or configuration, 130 interrupted.
    """
    from pyimgano_bench.flags import overrides_of, read_suite  # noqa: PLC0415 - keeps start-up light

    given: dict[str, Any] = context.obj or {}
    chosen = {name: options[name] for name in ("detectors", "categories", "seeds")}
    suite = read_suite(config_path, given, **chosen)
    overrides = overrides_of(given, options["settings"])
    base = config_path.parent if config_path is not None else Path()
    if options["list_categories"]:
        _show_categories(suite, overrides, base, as_json=options["as_json"])
        return None
    return _run(suite, overrides, base, options["output_dir"], as_json=options["as_json"])


def _show_categories(suite: Suite, overrides: dict[str, Any], base: Path, *, as_json: bool) -> None:
    from pyimgano_bench.plan import find_categories  # noqa: PLC0415

    found = find_categories(suite, overrides, base)
    if as_json:
        emit_json({"datasets": {label: list(names) for label, names in found.items()}})
        return
    for label, names in found.items():
        prefix = f"{label}\t" if len(found) > 1 else ""
        click.echo("\n".join(f"{prefix}{name}" for name in names))


def _run(suite: Suite, overrides: dict[str, Any], base: Path, output: Path | None, *, as_json: bool) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415

    from pyimgano_bench.benchmark import fresh_folder, run_benchmark  # noqa: PLC0415
    from pyimgano_bench.plan import make_plan  # noqa: PLC0415
    from pyimgano_bench.tables import text_report  # noqa: PLC0415
    from pyimgano_core.progress import for_terminal  # noqa: PLC0415

    now = datetime.now(UTC)
    plan = make_plan(suite, overrides, base)
    folder = output or fresh_folder(now)
    with _hint_to_resume(folder):
        done = run_benchmark(
            suite, overrides, plan, folder, for_terminal(), now=now, on_error=_report_failure
        )
    if as_json:
        emit_json(done.results)
    else:
        click.echo(text_report(done.results))
        kept = f" ({done.sweep.reused} of {plan.cell_count} cells were there before)"
        click.echo(f"\nresults: {folder}{kept if done.sweep.reused else ''}")
    return done.sweep.exit_code


@contextmanager
def _hint_to_resume(folder: Path) -> Iterator[None]:
    """Say how a benchmark that stops before its end goes on."""
    try:
        yield
    except BaseException:
        if (folder / "cells").is_dir():
            click.echo(f"finished cells are in {folder}; go on with --output-dir {folder}", err=True)
        raise


def _report_failure(where: str, error: BaseException) -> None:
    click.echo(f"{where} failed", err=True)
    if isinstance(error, PyimganoError):
        report_error(error)
    else:
        click.echo("".join(traceback.format_exception(error)), err=True)


def main() -> None:
    """Run the command as a process."""
    run(benchmark)
