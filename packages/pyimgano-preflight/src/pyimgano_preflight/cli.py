"""The `pyimgano-preflight` command."""

from __future__ import annotations

from typing import Any

import click
from attrs import fields_dict

from pyimgano_core.cli.app import json_option, run
from pyimgano_preflight._options import data_options, reading_options, report_options
from pyimgano_preflight._scale_commands import merge, scan


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyimgano-preflight")
def preflight() -> None:
    """Find what is wrong with an image data set before anyone trains on it.

    The data set is only read, never changed.
    """


@preflight.command()
@data_options
@click.option("--list-categories", is_flag=True, help="List the data set's categories and stop.")
@reading_options
@report_options
def check(*, list_categories: bool, **given: Any) -> int:
    """Check a manifest, a folder of images, or the data set of a config.

    SOURCE is any of the three: a file ending in .jsonl, in .toml or .json, or a folder. A RULE is a code, a
    prefix such as PF3, or a name; several are separated by commas.

    Exit codes: 0 no errors, 2 the data has errors, 3 what --fail-on names was found, 4 only the storage
    failed, 5 the baseline or the lock can't be trusted, 64 wrong usage or configuration, 74 the storage
    failed before anything could be checked, 129, 130 and 143 interrupted, after what was found was told.
    """
    from pyimgano_preflight import _commands  # noqa: PLC0415 - keeps start-up light
    from pyimgano_preflight._reading import ReadOptions  # noqa: PLC0415
    from pyimgano_preflight._report_options import ReportOptions  # noqa: PLC0415
    from pyimgano_preflight._source import Choice  # noqa: PLC0415

    choice = Choice(**{name: given[name] for name in fields_dict(Choice)})
    options = ReportOptions(**{name: given[name] for name in fields_dict(ReportOptions)})
    if list_categories:
        return _commands.show_categories(choice, as_json=options.as_json)
    reading = ReadOptions(**{name: given[name] for name in fields_dict(ReadOptions)})
    return _commands.check_data(choice, reading, options)


@preflight.command()
@click.argument("code", required=False)
@click.option("--list-rules", is_flag=True, help="List all rules and stop.")
@json_option
def rule(code: str | None, *, list_rules: bool, as_json: bool) -> int:
    """Explain a rule by its CODE or name, such as PF302."""
    from pyimgano_preflight import _commands  # noqa: PLC0415 - keeps start-up light

    if list_rules:
        return _commands.show_rules(as_json=as_json)
    if code is None:
        raise click.UsageError("give a code, or --list-rules")
    return _commands.show_rule(code, as_json=as_json)


preflight.add_command(scan)
preflight.add_command(merge)


def main() -> None:
    """Run the command as a process."""
    run(preflight)
