"""The `pyimgano-core` command: each subcommand is loaded when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from pyimgano_core.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMANDS = {
    "detectors": "List the detectors that are installed.",
    "evaluate": "Measure predictions in files.",
    "manifest": "Build, guess, split, merge, summarize and validate manifests.",
    "schema": "Print the JSON Schemas of configs and artifacts.",
}


class LazyGroup(click.Group):
    """A group whose commands stand in modules of their own names, loaded when they are called.

    Args:
        package: the package that holds the modules.
        summaries: what `--help` says of each command, by its name.
    """

    def __init__(self, package: str, summaries: Mapping[str, str], *, name: str, help_text: str) -> None:
        super().__init__(name, help=help_text, context_settings={"help_option_names": ["-h", "--help"]})
        self._package = package
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Load a command, or return None where there is none of that name."""
        if cmd_name not in self._summaries:
            return None
        command: click.Command = getattr(import_module(f"{self._package}.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self._summaries.items()))


core = click.version_option(package_name="pyimgano-core")(
    LazyGroup(
        "pyimgano_core.cli",
        _COMMANDS,
        name="pyimgano-core",
        help_text="Prepare data sets and look into what the pyimgano packages exchange.",
    )
)


def main() -> None:
    """Run the command as a process."""
    run(core)
