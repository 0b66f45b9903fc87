"""The options that several of the manifest commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyimgano_core.cli.app import json_option
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

output_option = click.option("--output", type=click.Path(path_type=Path), help="The manifest to write.")
force_option = click.option("--force", is_flag=True, help="Replace the output if it exists.")
category_option = click.option("--category", default="all", show_default=True, help="One category only.")
list_option = click.option("--list-categories", is_flag=True, help="List the data set's categories and stop.")
conflict_option = click.option(
    "--group-conflict",
    type=click.Choice(["error", "allow"]),
    default="error",
    show_default=True,
    help="What a group with images on two sides is.",
)


def manifest_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a manifest and a part of it; `named_manifest` tells which one."""
    for option in (
        json_option,
        list_option,
        category_option,
        click.option("--root", help="Where images are that are not found from the manifest's folder."),
        click.option("--manifest-path", help="The manifest, where it is not given as MANIFEST."),
        click.argument("manifest", required=False),
    ):
        command = option(command)
    return command


def named_manifest(options: dict[str, Any]) -> str:
    """Return the path of the manifest that a command was given, in either way.

    Raises:
        UsageError: none is named, or it is named twice.
    """
    given = [path for path in (options["manifest"], options["manifest_path"]) if path is not None]
    if not given:
        raise UsageError("no manifest is named: give the path of one")
    if len(given) > 1:
        raise UsageError(f"two manifests are named, {given[0]!r} and --manifest-path {given[1]!r}; give one")
    path: str = given[0]
    return path
