"""The `pyimgano-infer` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pyimgano_core.cli.app import emit_json, json_option, run, write_stdout
from pyimgano_core.cli.engine import engine_options
from pyimgano_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pyimgano_core.contracts.image_file import ImageFile

_USED = {
    "calibrate": frozenset({"out", "category", "root", "null", "device", "workers"}),
    "verify": frozenset({"category", "device"}),
}  # of the options, by a mode's name


class _LocalPath(click.Path):
    """A path of this machine: an address would be a folder called `s3:` in the current one, `-` a file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pyimgano_core.contracts.image_file import is_address, masked  # noqa: PLC0415 - keeps start-up light

        if value == "-":
            self.fail("'-' is no stream here: lines go to stdout without --output; ./- is a file", param, ctx)
        if isinstance(value, str) and is_address(value):
            self.fail(f"{masked(value)!r} is an address; name a path of this machine", param, ctx)
        return super().convert(value, param, ctx)


_PATH = _LocalPath(path_type=Path)


def _place(text: str) -> ImageFile:
    from pyimgano_core.contracts.image_file import image_file  # noqa: PLC0415 - keeps start-up light

    return image_file(text)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("arguments", nargs=-1, metavar="[INPUT]...")
@click.option("--null", is_flag=True, help="Names of the list on stdin end with a NUL (find -print0).")
@click.option("--infer-config", "config_path", type=_PATH, help="The infer_config.json to use.")
@click.option("--from-run", type=_PATH, help="Use the config in this run directory instead.")
@click.option("--category", help="Which category the images are of, where the config has several.")
@click.option("--root", type=_place, metavar="PATH", help="Where images of a manifest not beside it are.")
@click.option(
    "--output",
    type=_PATH,
    help="Write the lines to this file instead of stdout; one that is there is replaced at the end.",
)
@click.option("--summary", type=_PATH, help="Write the counts to this file as JSON.")
@click.option("--csv", type=_PATH, help="Write the lines as a table to this file too.")
@click.option("--parts", type=_PATH, help="Write a verdict per part (meta.part_id of rows) to this file.")
@click.option("--maps", type=_PATH, help="Keep anomaly maps in this folder.")
@click.option(
    "--map-format",
    type=click.Choice(["npy", "tiff", "png"]),
    help="Maps as float32 NumPy arrays or TIFF, or as 16-bit PNG with a scale in the line.  [default: npy]",
)
@click.option(
    "--map-size",
    type=click.Choice(["image", "model"]),
    help="Maps at the image's size, or as the model made them.  [default: image]",
)
@click.option("--masks", type=_PATH, help="Keep masks of what the pixel threshold flags in this folder.")
@click.option("--rle", is_flag=True, help="Add the masks to the lines as COCO run lengths.")
@click.option("--overlays", type=_PATH, help="Keep heat maps over the images in this folder, for people.")
@click.option(
    "--keep",
    type=click.Choice(["all", "anomalous"]),
    help="Keep maps, masks and overlays of all images, or of those not normal.  [default: all]",
)
@click.option("--regions", is_flag=True, help="Add defect regions to the lines (extra: regions).")
@click.option("--threshold", type=float, help="Use this image threshold instead of the config's.")
@click.option("--review-threshold", type=float, help="Ask for review from this score up to the threshold.")
@click.option("--fail-on-anomaly", is_flag=True, help="Exit with 3 where an image is anomalous.")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda", "tensorrt", "openvino", "auto"]),
    default="cpu",
    show_default=True,
    help="What runs the model; auto is CUDA where there is any, else the CPU.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Images scored at a time, a process each.  [default: processors, on a graphics card 1]",
)
@engine_options
@click.option(
    "--num-shards",
    type=click.IntRange(min=1),
    metavar="N",
    help="One of N jobs of the same command, which share the inputs and the folder of --output; the job that "
    "ends last puts the results together.  [default: SLURM_ARRAY_TASK_COUNT]",
)
@click.option(
    "--shard-index",
    type=click.IntRange(min=0),
    metavar="I",
    help="Which one, from 0.  [default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX]",
)
@click.option(
    "--watch",
    type=_PATH,
    metavar="FOLDER",
    help="Score images as they come into this folder, until the command is stopped, and add the lines to "
    "--output.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How often --watch looks.  [default: 1]",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long an image must not have changed before --watch scores it.  [default: 1]",
)
@click.option(
    "--calibrate",
    metavar="NORMALS",
    help="Set the thresholds of a category anew on these normal images, named as an INPUT is, and stop.",
)
@click.option("--out", type=_PATH, metavar="NEW", help="The config that --calibrate is to write.")
@click.option("--verify", is_flag=True, help="Check hashes and self-tests, show the thresholds and stop.")
@click.option("--pack", type=_PATH, help="Copy config and checkpoints into this new folder and stop.")
@click.option("--list-categories", is_flag=True, help="List the config's categories and stop.")
@json_option
@click.version_option(package_name="pyimgano-infer")
def infer(arguments: tuple[str, ...], **options: Any) -> int:
    """Score images with an exported detector: one JSON line per INPUT, failures included.

    INPUT is an image, a folder (searched below), a pattern in quotes, a manifest (.jsonl), whose rows are
    scored by their own category's model, an address (s3://bucket/a.png, s3://bucket/folder/, s3://bucket/*.png;
    extra: remote), or - for a list of images on stdin. Paths of maps, masks and overlays in the lines are
    relative to the folder of --output, or to the current one. An interrupted run keeps its lines in the
    folder OUTPUT.partial, and the same command goes on with them.

    Exit codes: 0 done, 3 an image is anomalous (--fail-on-anomaly), 4 some inputs failed, 5 the config or a
    checkpoint can't be trusted, 64 wrong usage, 74 the machine failed, 129, 130 and 143 interrupted.
    """
    path = _find_config(options.pop("config_path"), options.pop("from_run"))
    as_json = options.pop("as_json")
    modes = {name: options.pop(name) for name in ("calibrate", "verify", "pack", "list_categories")}
    chosen = [name for name, value in modes.items() if value]
    if not chosen:
        if as_json:
            raise UsageError(
                "--json goes with --calibrate, --verify, --pack and --list-categories; scores are JSON anyway"
            )
        if options.pop("out") is not None:
            raise UsageError("--out goes with --calibrate; lines go to --output")
        return _score(path, arguments, options)
    _check_alone(chosen, arguments, options)
    if modes["calibrate"]:
        return _calibrate(path, modes["calibrate"], options, as_json=as_json)
    if modes["verify"]:
        return _verify(path, options, as_json=as_json)
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
    used = _USED.get(chosen[0], frozenset())
    source = click.get_current_context().get_parameter_source
    given = [name for name in options if source(name) is not ParameterSource.DEFAULT]
    ignored = [name for name in given if name not in used]
    names = ["INPUT"] * bool(arguments) + [_option(name) for name in (*chosen[1:], *ignored)]
    if names:
        raise UsageError(f"{_option(chosen[0])} stands alone: leave out {', '.join(names)}")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _score(path: Path, arguments: tuple[str, ...], options: dict[str, Any]) -> int:
    from pyimgano_infer._request import Request  # noqa: PLC0415 - keeps start-up light
    from pyimgano_infer._run import score_inputs  # noqa: PLC0415 - as above

    request = Request(config_path=path, arguments=arguments, **options)
    if request.watch is not None:
        from pyimgano_infer._watch import watch  # noqa: PLC0415 - as above

        return watch(request)
    return score_inputs(request)


def _calibrate(path: Path, normals: str, options: dict[str, Any], *, as_json: bool) -> int:
    from pyimgano_infer._calibrate import Site, calibrate, describe  # noqa: PLC0415 - as above

    if options["out"] is None:
        raise UsageError("--calibrate needs --out NEW, the config to write; the old one stays as it is")
    names = ("null", "root", "device", "workers")
    site = Site(normals=normals, **{name: options[name] for name in names})
    found = calibrate(path, options["category"], site, options["out"])
    if as_json:
        emit_json(found)
    else:
        write_stdout(describe(found) + "\n")
    return ExitCode.SOME_INPUTS_FAILED if found.n_failed else ExitCode.DONE


def _verify(path: Path, options: dict[str, Any], *, as_json: bool) -> int:
    from pyimgano_infer._verify import describe, verify  # noqa: PLC0415 - as above

    found = verify(path, options["category"], device=options["device"])
    problems = [problem for entry in found for problem in entry.problems]
    if as_json:
        emit_json({"verified": not problems, "categories": list(found)})
    else:
        write_stdout(describe(found) + "\n")
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    return ExitCode.UNTRUSTED_ARTIFACT if problems else ExitCode.DONE


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
