"""The options that several commands share; light, so that asking for help loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pyimgano_core.cli.app import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
FORMAT_NAMES = ("text", "concise", "json", "sarif", "junit", "github", "html")
_LAYOUTS = ("manifest", "mvtec", "visa", "btad", "custom", "demo")
_SEVERITIES = ("error", "warning", "info")

_DATA = (
    click.argument("source", type=PATH, required=False),
    click.option("--manifest", type=PATH, help="A manifest: one JSON object per line and image."),
    click.option(
        "--dataset", type=click.Choice(_LAYOUTS), help="The layout of the folder that --root names."
    ),
    click.option(
        "--root", type=PATH, help="The data set's folder; with a manifest, where to look for images next."
    ),
    click.option("--config", type=PATH, help="A run config, TOML or JSON, as for pyimgano-train."),
    click.option("--category", help="Check this category only."),
    click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set a dotted key of the config."
    ),
)
_READING = (
    click.option(
        "--profile",
        type=click.Choice(("quick", "standard", "deep")),
        default="standard",
        show_default=True,
        help="How far to look: headers; all bytes, and masks; the pixels of every image.",
    ),
    click.option(
        "--workers", type=click.IntRange(1, 256), help="Threads that read files; chosen if not given."
    ),
    click.option(
        "--cache", type=PATH, metavar="FILE", help="Keep facts here; unchanged files are not read again."
    ),
)
_REPORT = (
    click.option("--select", multiple=True, metavar="RULE", help="Tell of these rules only."),
    click.option("--ignore", multiple=True, metavar="RULE", help="Do not tell of these rules."),
    click.option(
        "--rules", type=PATH, metavar="FILE", help="TOML with select, ignore and a table [severity]."
    ),
    click.option(
        "--baseline", type=PATH, metavar="FILE", help="Faults that are known and do not fail the check."
    ),
    click.option(
        "--write-baseline", type=PATH, metavar="FILE", help="Write what is found now as known faults."
    ),
    click.option(
        "--format", "output_format", type=click.Choice(FORMAT_NAMES), help="What stdout shows; text if none."
    ),
    json_option,
    click.option(
        "--statistics", is_flag=True, help="As text, show only how often each rule found something."
    ),
    click.option("--write", multiple=True, metavar="FORMAT=FILE", help="Write a report to a file as well."),
    click.option("--issues", type=PATH, metavar="FILE", help="Write all issues, one JSON object per line."),
    click.option("--lock", type=PATH, metavar="FILE", help="Hold all files against this lock file."),
    click.option("--write-lock", type=PATH, metavar="FILE", help="Write the hashes of all files to it."),
    click.option(
        "--fail-on",
        type=click.Choice(_SEVERITIES),
        default="error",
        show_default=True,
        help="With warning or info, let these fail the check, too, with exit code 3.",
    ),
    click.option("--strict", is_flag=True, help="The same as --fail-on warning."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found in the data."),
)


def data_options(command: F) -> F:
    """Add the options that name a data set; they are the fields of `_source.Choice`."""
    return _with(_DATA, command)


def reading_options(command: F) -> F:
    """Add the options on the reading of files; they are the fields of `_reading.ReadOptions`."""
    return _with(_READING, command)


def report_options(command: F) -> F:
    """Add the options of a report; they are the fields of `_report_options.ReportOptions`."""
    return _with(_REPORT, command)


def _with(options: tuple[Callable[[F], F], ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
