"""The `pyimgano-train` command."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli.app import emit_json, json_option, run
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_workbench.memory import MemoryForecast

_PAST_RUNS = ("resume", "reproduce", "update")
_MODES = ("init", "dry_run", "preflight", "list_recipes", "recipe_info", "list_categories", *_PAST_RUNS)
_OVERRIDES = {
    "recipe": "recipe",
    "dataset": "dataset.name",
    "root": "dataset.root",
    "manifest_path": "dataset.manifest_path",
    "category": "dataset.category",
    "device": "model.device",
    "output_dir": "output.output_dir",
}
_SETTINGS = ("config_path", "export_infer_config", "settings", *_OVERRIDES)
_SETTINGS_OF = {
    "resume": (),
    "reproduce": ("settings", "dataset", "root", "manifest_path", "category", "device", "output_dir"),
    "update": ("output_dir",),
}
_SETTINGS_OF_INIT = ("root",)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="The run config, TOML or JSON."
)
@click.option("--recipe", help="A named starting point; see --list-recipes.")
@click.option("--dataset", help="Override dataset.name: manifest, mvtec, visa, btad, custom or demo.")
@click.option("--root", type=click.Path(), help="Override dataset.root (relative to the current folder).")
@click.option(
    "--manifest-path",
    type=click.Path(),
    help="Override dataset.manifest_path (relative to the current folder).",
)
@click.option("--category", help="Override dataset.category.")
@click.option("--device", help="Override model.device: auto, cpu or cuda[:N].")
@click.option("--output-dir", type=click.Path(), help="Override output.output_dir.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override any dotted key.")
@click.option("--export-infer-config", is_flag=True, help="Write artifacts/infer_config.json for deployment.")
@click.option(
    "--init",
    metavar="DIR",
    help="Write a manifest and a commented config for the images in DIR, or in --root, into DIR and stop.",
)
@click.option("--dry-run", is_flag=True, help="Print the effective config as JSON and stop.")
@click.option("--preflight", is_flag=True, help="Check the data set, print the report as JSON and stop.")
@click.option("--resume", metavar="RUN", help="Finish what is missing of a run, failed categories too.")
@click.option("--reproduce", metavar="RUN", help="Repeat a run into another folder and say what differs.")
@click.option("--update", metavar="RUN", help="Add the normal images of --with to the models of a run.")
@click.option("--with", "new_images", metavar="MANIFEST", help="The new images of --update.")
@click.option("--list-recipes", is_flag=True, help="List the recipes and stop.")
@click.option("--recipe-info", metavar="NAME", help="Print a recipe and stop.")
@click.option("--list-categories", is_flag=True, help="List the data set's categories and stop.")
@json_option
@click.version_option(package_name="pyimgano-workbench")
def train(config_path: Path | None, **options: Any) -> int | None:
    """Train anomaly detectors from a config into a run directory.

    Paths in a config are relative to its folder; output_dir is relative to the current one. An interrupted
    run goes on with the same command. Exit codes: 0 done, 2 the data has errors, 3 a run was not reproduced,
    4 some inputs failed, 64 wrong usage or configuration, 130 interrupted.
    """
    _check_alone([_option(name) for name in _MODES if options[name]])
    _check_settings({**options, "config_path": config_path})
    if options["init"]:
        _init(Path(options["init"]), options["root"], as_json=options["as_json"])
        return None
    if options["list_recipes"] or options["recipe_info"]:
        _show_recipes(options["recipe_info"], as_json=options["as_json"])
        return None
    if any(options[name] for name in _PAST_RUNS):
        return _with_past_run(options)
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
    from pyimgano_workbench import commands  # noqa: PLC0415 - keeps start-up light

    return commands.begin(config, base, export=options["export_infer_config"], as_json=options["as_json"])


def _option(name: str) -> str:
    named = {"config_path": "config", "settings": "set", "new_images": "with"}
    return f"--{named.get(name, name).replace('_', '-')}"


def _check_alone(modes: list[str]) -> None:
    if len(modes) > 1:
        raise click.UsageError(f"{modes[0]} stands alone: leave out {', '.join(modes[1:])}")


def _check_settings(options: dict[str, Any]) -> None:
    """Refuse what a past run says itself: its settings are its own."""
    if bool(options["update"]) != bool(options["new_images"]):
        raise click.UsageError("--update RUN and --with MANIFEST belong together")
    written = [name for name in _SETTINGS if options[name] and name not in _SETTINGS_OF_INIT]
    if options["init"] and written:
        raise click.UsageError(f"--init writes a config: leave {_option(written[0])} out, and put it there")
    for mode in _PAST_RUNS:
        refused = [name for name in _SETTINGS if options[name] and name not in _SETTINGS_OF[mode]]
        if options[mode] and refused:
            raise click.UsageError(f"{_option(mode)} takes {_option(refused[0])} from the run: leave it out")


def _init(folder: Path, root: str | None, *, as_json: bool) -> None:
    from pyimgano_workbench.starter import show_start, write_start  # noqa: PLC0415 - keeps start-up light

    show_start(write_start(folder, None if root is None else Path(root)), as_json=as_json)


def _with_past_run(options: dict[str, Any]) -> int:
    from pyimgano_workbench import commands  # noqa: PLC0415 - keeps start-up light

    as_json, output_dir = options["as_json"], options["output_dir"]
    if options["resume"]:
        return commands.finish(Path(options["resume"]), as_json=as_json)
    if options["update"]:
        new_images = Path(options["new_images"])
        return commands.update(Path(options["update"]), new_images, output_dir, as_json=as_json)
    run, settings = Path(options["reproduce"]), options["settings"]
    return commands.reproduce(run, settings, _given(options), output_dir, as_json=as_json)


def _check_detector(config: RunConfig, base: Path) -> None:
    """Say that a model is wrong before any image is read."""
    from pyimgano_core.detectors import check_model  # noqa: PLC0415

    check_model(config.model, config.dataset.resize, base)


def _load(config_path: Path | None, options: dict[str, Any]) -> RunConfig:
    from pyimgano_core.recipes import load_run_config  # noqa: PLC0415 - keeps start-up light

    enough = ("recipe", "dataset", "manifest_path", "settings")
    if config_path is None and not any(options[name] for name in enough):
        raise UsageError(
            "give --config FILE (--init DIR writes one), or at least --manifest-path, --dataset or --recipe"
        )
    return load_run_config(config_path, options["settings"], _given(options))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the overrides that have an option of their own, by key."""
    given = {key: options[name] for name, key in _OVERRIDES.items() if options[name] is not None}
    for name in ("root", "manifest_path"):
        if options[name] is not None:
            given[_OVERRIDES[name]] = str(Path(options[name]).absolute())
    if options["manifest_path"] is not None:
        given.setdefault("dataset.name", "manifest")
    return given


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
        recipes = list_recipes()
        width = max(len(recipe.name) for recipe in recipes)
        for recipe in recipes:
            click.echo(f"{recipe.name:{width}}  {recipe.description}")


def _show_categories(config: RunConfig, base: Path, *, as_json: bool) -> None:
    from pyimgano_core.layouts import list_categories  # noqa: PLC0415

    names = list_categories(config.dataset, base)
    if as_json:
        emit_json({"categories": list(names)})
    else:
        click.echo("\n".join(names))


def _preflight(config_path: Path | None, base: Path, options: dict[str, Any]) -> int:
    """Print the document whatever happens; the exit code says what did."""
    from attrs import evolve  # noqa: PLC0415 - keeps start-up light

    from pyimgano_core.cli import preflight_hook  # noqa: PLC0415
    from pyimgano_core.errors import PyimganoError  # noqa: PLC0415
    from pyimgano_core.progress import for_terminal  # noqa: PLC0415

    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        config = _load(config_path, options)
        report = preflight_hook.preflight_runner()(config, base, for_terminal())
    except (PyimganoError, OSError) as exc:
        emit_json({"preflight": preflight_hook.failure_report(exc)}, sort_keys=True)
        raise
    times = {"started": started.isoformat(), "seconds": round(time.perf_counter() - clock, 3)}
    memory = _memory(config, base, report)
    emit_json({"preflight": evolve(report, times=times), "memory": memory}, sort_keys=True)
    return preflight_hook.exit_code_of(report)


def _memory(config: RunConfig, base: Path, report: PreflightReport) -> MemoryForecast | None:
    """Return what training is going to need; None where the report tells that the model can't be had."""
    from pyimgano_core.errors import PyimganoError  # noqa: PLC0415 - keeps start-up light
    from pyimgano_workbench import commands, memory  # noqa: PLC0415

    counts = {each.category: each.train_count for each in report.categories if each.train_count}
    try:
        forecast = memory.forecast_memory(config, base, counts, memory.available_memory())
    except PyimganoError:
        return None
    commands.warn_of_memory(forecast)
    return forecast


def main() -> None:
    """Run the command as a process."""
    run(train)
