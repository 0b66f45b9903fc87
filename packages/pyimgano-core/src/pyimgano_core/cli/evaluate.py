"""`pyimgano-core evaluate`: metrics from files, whichever program made them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli.app import emit_json, json_option, print_issues, write_stdout
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.predictions import FilesEvaluation

_path = click.Path(path_type=Path)
_new_file = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--predictions", required=True, type=_path, help="JSON lines: an image path and a score each.")
@click.option("--manifest", help="The truth: its test records and their masks.")
@click.option("--root", help="Where images are that are not found from the manifest's folder.")
@click.option("--maps", type=_path, help="A folder of anomaly maps (.npy, .tif, .png), named as the images.")
@click.option("--calibration", type=_path, help="JSON lines with scores of normals, to set the thresholds.")
@click.option("--infer-config", type=_path, help="A deployed config: its thresholds are used as they are.")
@click.option(
    "--config", "config_path", type=_path, help="A run config; threshold, evaluation and splits are followed."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override any dotted key.")
@click.option("--category", help="One category only.")
@click.option("--output", type=_new_file, help="Write the report to this file as JSON.")
@click.option("--sketch", type=_path, help="Write the sketch to this .npz, or to a folder.")
@click.option("--seed", type=int, help="Override seed: of the splits and of the intervals.")
@json_option
def evaluate(predictions: Path, config_path: Path | None, **options: Any) -> int:
    """Measure predictions in files: image and pixel metrics, intervals, rates at the threshold.

    A line is a JSON object with the image's path under input, image_path, path, image or filename, and its
    score under score, anomaly_score or pred_score; the lines of pyimgano-train and pyimgano-infer are such.
    Without a manifest the truth is y_true (0 or 1) in the lines, and there are image metrics only.

    The threshold is that of --infer-config; else a fixed one of the config; else calibrated on normals,
    those of --calibration or the predictions of the manifest's own; else the one in the lines. Nothing is
    fitted to test images.

    Exit codes: 0 done, 2 the manifest has errors or no line can be used, 4 some lines, predictions or maps
    are missing or can't be used, 64 wrong usage.
    """
    from pyimgano_core.predictions import evaluate_files  # noqa: PLC0415 - keeps start-up light
    from pyimgano_core.progress import for_terminal  # noqa: PLC0415

    _refuse_both(options["infer_config"], options["calibration"])
    result = evaluate_files(
        predictions,
        _config(config_path, options),
        for_terminal(),
        calibration=options["calibration"],
        maps=options["maps"],
        infer_config=options["infer_config"],
    )
    _write_files(result, options["output"], options["sketch"])
    _show(result, as_json=options["as_json"])
    return result.exit_code


def _refuse_both(infer_config: Path | None, calibration: Path | None) -> None:
    if infer_config is not None and calibration is not None:
        raise UsageError("--infer-config has its thresholds and --calibration sets others: leave one out")


def _config(path: Path | None, options: dict[str, Any]) -> RunConfig:
    """Return the run config with the manifest that the options name, or none: a config's own is not read."""
    from attrs import evolve  # noqa: PLC0415 - keeps start-up light

    from pyimgano_core.interest import with_absolute_masks  # noqa: PLC0415 - as above
    from pyimgano_core.recipes import load_run_config  # noqa: PLC0415 - as above

    given = {
        "dataset.name": "manifest",
        "dataset.manifest_path": options["manifest"],
        "dataset.root": options["root"],
    }
    optional = {"dataset.category": options["category"], "seed": options["seed"]}
    given |= {key: value for key, value in optional.items() if value is not None}
    config = load_run_config(path, options["settings"], given)
    base = Path() if path is None else path.parent
    return evolve(config, dataset=with_absolute_masks(config.dataset, base))


def _write_files(result: FilesEvaluation, output: Path | None, sketch: Path | None) -> None:
    from pyimgano_core.artifacts import write_artifact  # noqa: PLC0415 - keeps start-up light
    from pyimgano_core.cli._evaluate_files import sketch_paths  # noqa: PLC0415
    from pyimgano_core.metrics import save_sketch  # noqa: PLC0415

    for name, path in sketch_paths(sketch, result.report).items():
        save_sketch(path, result.sketches[name])
    if output is not None:
        write_artifact(output, result.report)


def _show(result: FilesEvaluation, *, as_json: bool) -> None:
    from pyimgano_core.cli._evaluate_text import describe  # noqa: PLC0415 - keeps start-up light

    if as_json:
        emit_json(result.report)
    else:
        write_stdout(describe(result.report) + "\n")
    print_issues(result.report.issues)
