"""The options that say where shards are run; `pyimgano_core.engine.choose_engine` takes what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

_ENGINE = click.option(
    "--engine",
    type=click.Choice(("local", "ray")),
    default="local",
    show_default=True,
    help="Where shards are run: processes on this machine, or a Ray cluster that runs already.",
)
_ADDRESS = click.option(
    "--address",
    metavar="HOST:PORT|auto",
    help="The Ray cluster; auto is the one that this machine is a node of. No cluster is ever started.",
)


def engine_options(command: F) -> F:
    """Add `engine` and `address` to a command."""
    return _ENGINE(_ADDRESS(command))
