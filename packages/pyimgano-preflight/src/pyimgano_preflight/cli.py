"""The `pyimgano-preflight` command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pyimgano_core.cli.app import json_option, run

_PATH = click.Path(path_type=Path)
_LAYOUTS = ("manifest", "mvtec", "visa", "btad", "custom", "demo")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyimgano-preflight")
def preflight() -> None:
    """Find what is wrong with an image data set before anyone trains on it.

    The data set is only read, never changed.
    """


@preflight.command()
@click.argument("source", type=_PATH, required=False)
@click.option("--manifest", type=_PATH, help="A manifest: one JSON object per line and image.")
@click.option("--dataset", type=click.Choice(_LAYOUTS), help="The layout of the folder that --root names.")
@click.option(
    "--root", type=_PATH, help="The data set's folder; with a manifest, where to look for images next."
)
@click.option("--config", type=_PATH, help="A run config, TOML or JSON, as for pyimgano-train.")
@click.option("--category", help="Check this category only.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set a dotted key of the config."
)
@click.option("--list-categories", is_flag=True, help="List the data set's categories and stop.")
@click.option("--strict", is_flag=True, help="Let warnings, too, fail the check, with exit code 3.")
@json_option
def check(*, as_json: bool, strict: bool, list_categories: bool, **choice: Any) -> int:
    """Check a manifest, a folder of images, or the data set of a config.

    SOURCE is any of the three: a file ending in .jsonl, in .toml or .json, or a folder.

    Exit codes: 0 no errors, 2 the data has errors, 3 warnings with --strict, 64 wrong usage or configuration.
    """
    from pyimgano_preflight import _commands  # noqa: PLC0415 - keeps start-up light
    from pyimgano_preflight._source import Choice  # noqa: PLC0415

    if list_categories:
        return _commands.show_categories(Choice(**choice), as_json=as_json)
    return _commands.check_data(Choice(**choice), as_json=as_json, strict=strict)


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


def main() -> None:
    """Run the command as a process."""
    run(preflight)
