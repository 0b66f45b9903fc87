"""`pyimgano-benchmark few-shot`."""

from __future__ import annotations

from typing import Any

import click

from pyimgano_bench.study.options import study_options


@click.command("few-shot", context_settings={"help_option_names": ["-h", "--help"]})
@study_options
@click.option(
    "--count",
    "counts",
    multiple=True,
    type=click.IntRange(min=1),
    default=(1, 2, 4, 8),
    show_default=True,
    help="How many normal images there are; repeatable.",
)
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How often images are drawn; the spread is over these and over seeds.",
)
@click.pass_context
def command(context: click.Context, /, *, counts: tuple[int, ...], draws: int, **options: Any) -> int:
    """Measure detectors that have only a few normal images: accuracy by their number, with its spread.

    Draws are nested: the images of a smaller number are among those of a larger one. The normal images are
    all that there is: a share of them is held out to calibrate, as of any data set without val. Writes
    few_shot.json, .csv, .md and .svg. The same command with the same --output-dir computes only what is
    missing. Exit codes: 0 done, 2 the data has errors, 4 some cells or images failed, 64 wrong usage or
    configuration, 130 interrupted.
    """
    from functools import partial  # noqa: PLC0415 - keeps start-up light

    from pyimgano_bench.fewshot import run_few_shot, text_report  # noqa: PLC0415 - as above
    from pyimgano_bench.study.running import conduct  # noqa: PLC0415 - as above

    run = partial(run_few_shot, counts=counts, draws=draws)
    return conduct(context, options, "few_shot", run, text_report)
