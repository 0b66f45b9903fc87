"""The `pyimgano-train` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli.app import emit_json, json_option, run
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_workbench.training import TrainingRun

_MODES = ("dry_run", "preflight", "list_recipes", "recipe_info", "list_categories")
_OVERRIDES = {
    "recipe": "recipe",
    "dataset": "dataset.name",
    "root": "dataset.root",
    "category": "dataset.category",
    "device": "model.device",
    "output_dir": "output.output_dir",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="The run config, TOML or JSON."
)
@click.option("--recipe", help="A named starting point; see --list-recipes.")
@click.option("--dataset", help="Override dataset.name: manifest, mvtec, visa, btad, custom or demo.")
@click.option("--root", type=click.Path(), help="Override dataset.root (relative to the current folder).")
@click.option("--category", help="Override dataset.category.")
@click.option("--device", help="Override model.device: auto, cpu or cuda[:N].")
@click.option("--output-dir", type=click.Path(), help="Override output.output_dir.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override any dotted key.")
@click.option("--export-infer-config", is_flag=True, help="Write artifacts/infer_config.json for deployment.")
@click.option("--dry-run", is_flag=True, help="Print the effective config as JSON and stop.")
@click.option("--preflight", is_flag=True, help="Check the data set, print the report as JSON and stop.")
@click.option("--list-recipes", is_flag=True, help="List the recipes and stop.")
@click.option("--recipe-info", metavar="NAME", help="Print a recipe and stop.")
@click.option("--list-categories", is_flag=True, help="List the data set's categories and stop.")
@json_option
@click.version_option(package_name="pyimgano-workbench")
def train(config_path: Path | None, **options: Any) -> int | None:
    """Train anomaly detectors from a config into a run directory.

    Paths in a config are relative to its folder; output_dir is relative to the current one. An interrupted
    run goes on with the same command. Exit codes: 0 done, 2 the data has errors, 4 some inputs failed,
    64 wrong usage or configuration, 130 interrupted.
    """
    _check_alone([f"--{name.replace('_', '-')}" for name in _MODES if options[name]])
    if options["list_recipes"] or options["recipe_info"]:
        _show_recipes(options["recipe_info"], as_json=options["as_json"])
        return None
    base = config_path.parent if config_path is not None else Path()
    if options["preflight"]:
        return _preflight(config_path, base, options)
    config = _load(config_path, options)
    if options["list_categories"]:
        _show_categories(config, base, as_json=options["as_json"])
        return None
    _check_detector(config, base)
    if options["dry_run"]:
        emit_json({"config": config})
        return None
    return _train(config, base, export=options["export_infer_config"], as_json=options["as_json"])


def _check_alone(modes: list[str]) -> None:
    if len(modes) > 1:
        raise click.UsageError(f"{modes[0]} stands alone: leave out {', '.join(modes[1:])}")


def _check_detector(config: RunConfig, base: Path) -> None:
    """Say that a model is wrong before any image is read."""
    from pyimgano_core.detectors import create_detector  # noqa: PLC0415

    create_detector(config.model, base)


def _load(config_path: Path | None, options: dict[str, Any]) -> RunConfig:
    from pyimgano_core.recipes import load_run_config  # noqa: PLC0415 - keeps start-up light

    if config_path is None and not any(options[name] for name in ("recipe", "dataset", "settings")):
        raise UsageError("give --config FILE, or at least --dataset or --recipe")
    if options["root"] is not None:
        options["root"] = str(Path(options["root"]).absolute())
    given = {key: options[name] for name, key in _OVERRIDES.items() if options[name] is not None}
    return load_run_config(config_path, options["settings"], given)


def _show_recipes(name: str | None, *, as_json: bool) -> None:
    from pyimgano_core.recipes import list_recipes, load_recipe  # noqa: PLC0415

    if name is not None:
        recipe = load_recipe(name)
        if as_json:
            emit_json({"name": recipe.name, "description": recipe.description, "settings": recipe.settings})
        else:
            click.echo(recipe.text, nl=False)
    elif as_json:
        emit_json({"recipes": [{"name": r.name, "description": r.description} for r in list_recipes()]})
    else:
        for recipe in list_recipes():
            click.echo(f"{recipe.name:12} {recipe.description}")


def _show_categories(config: RunConfig, base: Path, *, as_json: bool) -> None:
    from pyimgano_core.layouts import list_categories  # noqa: PLC0415

    names = list_categories(config.dataset, base)
    if as_json:
        emit_json({"categories": list(names)})
    else:
        click.echo("\n".join(names))


def _preflight(config_path: Path | None, base: Path, options: dict[str, Any]) -> int:
    """Print the document whatever happens; the exit code says what did."""
    from pyimgano_core.cli.preflight_hook import failure_report, preflight_runner  # noqa: PLC0415
    from pyimgano_core.errors import ExitCode, PyimganoError  # noqa: PLC0415
    from pyimgano_core.progress import for_terminal  # noqa: PLC0415

    try:
        config = _load(config_path, options)
        report = preflight_runner()(config, base, for_terminal())
    except (PyimganoError, OSError) as exc:
        emit_json({"preflight": failure_report(exc)})
        raise
    emit_json({"preflight": report})
    return ExitCode.DATA_ERRORS if report.status == "error" else ExitCode.DONE


def _train(config: RunConfig, base: Path, *, export: bool, as_json: bool) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415

    from pyimgano_core.progress import for_terminal  # noqa: PLC0415
    from pyimgano_workbench.training import train as run_training  # noqa: PLC0415

    now = datetime.now(UTC)
    result = run_training(config, base, for_terminal(), now=now, export_infer_config=export)
    if as_json:
        emit_json(result.report)
    else:
        _print_result(result, config, base, exported=export)
    return result.exit_code


def _print_result(result: TrainingRun, config: RunConfig, base: Path, *, exported: bool) -> None:
    from pyimgano_workbench.summary import next_command, result_table  # noqa: PLC0415

    click.echo(result_table(result.report, result.folder))
    click.echo(f"\nrun directory: {result.folder}")
    for name, error in result.errors.items():
        click.echo(f"Error: category {name!r} failed: {error}", err=True)
    if exported:
        click.echo(f"try next:      {next_command(result, config, base)}")


def main() -> None:
    """Run the command as a process."""
    run(train)
