"""`pyimgano-benchmark deployed`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_bench.options import read_request, suite_options
from pyimgano_core.cli.app import emit_json, json_option, print_issues, write_stdout
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_path = click.Path(path_type=Path)
_ARTIFACT_OPTIONS = (
    click.option("--infer-config", type=_path, help="Measure the artifact of this infer_config.json."),
    click.option(
        "--predictions", type=_path, help="Lines that pyimgano-infer left of it; nothing runs again."
    ),
    click.option("--label", help="The artifact's name in the results; default the detector's."),
)


def artifact_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name an artifact; `measure_artifact` reads them."""
    for option in reversed(_ARTIFACT_OPTIONS):
        command = option(command)
    return command


@click.command("deployed", context_settings={"help_option_names": ["-h", "--help"]})
@suite_options
@artifact_options
@click.option(
    "--output-dir", type=_path, help="Where results go; cells of other detectors found there are kept."
)
@json_option
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Measure an exported artifact by running pyimgano-infer on the test images.

    Metrics are at the deployed thresholds and, on the same split, those that training reported. Data, --seed
    and split options are to be those of training; test images that the artifact is known to have seen are
    refused. Exit codes: 0 done, 2 the data has errors, 4 some images failed, 5 the artifact can't be trusted,
    64 wrong usage or configuration, or pyimgano-infer is missing.
    """
    return measure_artifact(context, options)


def measure_artifact(context: click.Context, options: dict[str, Any]) -> int:
    """Do what the options of `suite_options`, `artifact_options`, `--output-dir` and `--json` ask for.

    Raises:
        PyimganoError: nothing can be measured.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps start-up light

    from pyimgano_bench.deployed import Wanted, benchmark_artifact  # noqa: PLC0415 - as above
    from pyimgano_bench.outputs import fresh_folder, tell_failure  # noqa: PLC0415 - as above
    from pyimgano_bench.suite import LABEL_RULE, is_label  # noqa: PLC0415 - as above
    from pyimgano_bench.tables import text_report  # noqa: PLC0415 - as above
    from pyimgano_core.progress import for_terminal_or_log  # noqa: PLC0415 - as above

    if options["infer_config"] is None:
        raise UsageError("give --infer-config FILE, the artifact to measure")
    if options["detectors"]:
        raise UsageError("--detector: the artifact has its own; leave it out")
    if options["label"] is not None and not is_label(options["label"]):
        raise UsageError(f"--label must have {LABEL_RULE}")
    device = context.ensure_object(dict).pop("model.device", "cpu")
    now = datetime.now(UTC)
    wanted = Wanted(
        device=device, **{name: options[name] for name in ("infer_config", "predictions", "label")}
    )
    folder: Path = options["output_dir"] or fresh_folder("deployed", now)
    request = read_request(context, options)
    done = benchmark_artifact(wanted, request, folder, for_terminal_or_log(), now=now, on_error=tell_failure)
    print_issues(done.issues)
    if options["as_json"]:
        emit_json(done.results)
    else:
        write_stdout(f"{text_report(done.results)}\n\nresults: {folder}\n")
    return done.exit_code
