"""The options that all commands of studies have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_bench.options import suite_options
from pyimgano_core.cli.app import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_TRIAL = 2  # a normal and an anomalous image
_limit_option = click.option(
    "--limit",
    type=click.IntRange(min=_LEAST_TRIAL),
    metavar="N",
    help="A trial: at most N test images of a category, the others in proportion; all outputs say so.",
)
_output_option = click.option(
    "--output-dir", type=click.Path(path_type=Path), help="Where results go; cells found there are kept."
)


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is run, where results go, and in which form they are printed."""
    return suite_options(_limit_option(_output_option(json_option(command))))
