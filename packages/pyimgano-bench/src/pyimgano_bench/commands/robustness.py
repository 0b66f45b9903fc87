"""`pyimgano-benchmark robustness`."""

from __future__ import annotations

from typing import Any

import click

from pyimgano_bench.study.options import study_options


@click.command("robustness", context_settings={"help_option_names": ["-h", "--help"]})
@study_options
@click.option("--kind", "kinds", multiple=True, help="A kind of disturbance; repeatable; default all.")
@click.pass_context
def command(context: click.Context, /, *, kinds: tuple[str, ...], **options: Any) -> int:
    """Score test images under changed light, blur, noise, JPEG, glare, shifts and rotations.

    Each kind has severities 1 to 5. Models and thresholds are those of clean images; false alarms, misses and
    AUROC are of images. Writes robustness.json, .csv, .md and .svg. The same command with the same
    --output-dir computes only what is missing. Exit codes: 0 done, 2 the data has errors, 4 some cells or
    images failed, 64 wrong usage or configuration, 130 interrupted.
    """
    from functools import partial  # noqa: PLC0415 - keeps start-up light

    from pyimgano_bench.robustness import run_robustness, text_report  # noqa: PLC0415 - as above
    from pyimgano_bench.study.running import conduct  # noqa: PLC0415 - as above

    return conduct(context, options, "robustness", partial(run_robustness, kinds=kinds), text_report)
