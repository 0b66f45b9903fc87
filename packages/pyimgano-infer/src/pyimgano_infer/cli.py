"""The `pyimgano-infer` command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyimgano_core.cli.app import emit_json, json_option, run, write_stdout
from pyimgano_core.errors import ExitCode, UsageError

_PATH = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("arguments", nargs=-1, metavar="[INPUT]...")
@click.option("--infer-config", "config_path", type=_PATH, help="The infer_config.json to use.")
@click.option("--from-run", type=_PATH, help="Use the config in this run directory instead.")
@click.option("--category", help="Which category the images are of, where the config has several.")
@click.option("--root", type=_PATH, help="Where a manifest's images are that are not found beside it.")
@click.option("--output", type=_PATH, help="Write the lines to this file instead of stdout.")
@click.option("--summary", type=_PATH, help="Write the counts to this file as JSON.")
@click.option("--maps", type=_PATH, help="Keep anomaly maps in this folder: float32 .npy, image-sized.")
@click.option("--overlays", type=_PATH, help="Keep heat maps over the images in this folder, for people.")
@click.option("--regions", is_flag=True, help="Add defect regions to the lines (extra: regions).")
@click.option("--threshold", type=float, help="Use this image threshold instead of the config's.")
@click.option("--review-threshold", type=float, help="Ask for review from this score up to the threshold.")
@click.option("--fail-on-anomaly", is_flag=True, help="Exit with 3 where an image is anomalous.")
@click.option("--workers", type=click.IntRange(min=1), help="Images scored at a time.  [default: processors]")
@click.option("--verify", is_flag=True, help="Check hashes and self-tests, show the thresholds and stop.")
@click.option("--pack", type=_PATH, help="Copy config and checkpoints into this new folder and stop.")
@click.option("--list-categories", is_flag=True, help="List the config's categories and stop.")
@json_option
@click.version_option(package_name="pyimgano-infer")
def infer(arguments: tuple[str, ...], **options: Any) -> int:
    """Score images with an exported detector: one JSON line per INPUT, failures included.

    INPUT is an image, a folder (searched below), a pattern in quotes, or a manifest (.jsonl), whose rows are
    scored by their own category's model. Paths of maps and overlays in the lines are relative to the folder
    of --output, or to the current one. An interrupted run keeps its lines in OUTPUT.partial.

    Exit codes: 0 done, 3 an image is anomalous (--fail-on-anomaly), 4 some inputs failed, 5 the config or a
    checkpoint can't be trusted, 64 wrong usage, 74 the machine failed, 130 interrupted.
    """
    path = _find_config(options.pop("config_path"), options.pop("from_run"))
    as_json = options.pop("as_json")
    modes = {name: options.pop(name) for name in ("verify", "pack", "list_categories")}
    chosen = [name for name, value in modes.items() if value]
    if not chosen:
        if as_json:
            raise UsageError(
                "--json goes with --verify, --pack and --list-categories; scores are JSON anyway"
            )
        return _score(path, arguments, options)
    _check_alone(chosen, arguments, options)
    if modes["verify"]:
        return _verify(path, options["category"], as_json=as_json)
    if modes["pack"]:
        return _pack(path, modes["pack"], as_json=as_json)
    return _list_categories(path, as_json=as_json)


def _find_config(config_path: Path | None, run_directory: Path | None) -> Path:
    if config_path is not None and run_directory is None:
        return config_path
    if run_directory is not None and config_path is None:
        from pyimgano_infer._config import config_of_run  # noqa: PLC0415 - keeps start-up light

        return config_of_run(run_directory)
    raise UsageError("give one of --infer-config FILE and --from-run RUN")


def _check_alone(chosen: list[str], arguments: tuple[str, ...], options: dict[str, Any]) -> None:
    """A mode does one thing: what it would ignore is refused."""
    used = {"category"} if chosen[0] == "verify" else set()
    given = [name for name, value in options.items() if value is not None and value is not False]
    ignored = [name for name in given if name not in used]
    names = ["INPUT"] * bool(arguments) + [_option(name) for name in (*chosen[1:], *ignored)]
    if names:
        raise UsageError(f"{_option(chosen[0])} stands alone: leave out {', '.join(names)}")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _score(path: Path, arguments: tuple[str, ...], options: dict[str, Any]) -> int:
    from pyimgano_infer._request import Request  # noqa: PLC0415 - keeps start-up light
    from pyimgano_infer._run import score_inputs  # noqa: PLC0415 - as above

    return score_inputs(Request(config_path=path, arguments=arguments, **options))


def _verify(path: Path, category: str | None, *, as_json: bool) -> int:
    from pyimgano_infer._verify import describe, verify  # noqa: PLC0415 - as above

    found = verify(path, category)
    whole = all(entry.problem is None for entry in found)
    if as_json:
        emit_json({"verified": whole, "categories": list(found)})
    else:
        write_stdout(describe(found) + "\n")
    for entry in found:
        if entry.problem is not None:
            click.echo(f"Error: {entry.problem}", err=True)
    return ExitCode.DONE if whole else ExitCode.UNTRUSTED_ARTIFACT


def _pack(path: Path, target: Path, *, as_json: bool) -> int:
    from pyimgano_infer._pack import pack  # noqa: PLC0415 - as above

    config = pack(path, target)
    if as_json:
        emit_json({"infer_config": str(config)})
    else:
        write_stdout(f"{config}\n")
    return ExitCode.DONE


def _list_categories(path: Path, *, as_json: bool) -> int:
    from pyimgano_infer._config import read_config  # noqa: PLC0415 - as above

    names = list(read_config(path).per_category)
    if as_json:
        emit_json({"categories": names})
    else:
        write_stdout("".join(f"{name}\n" for name in names))
    return ExitCode.DONE


def main() -> None:
    """Run the command as a process."""
    run(infer)
