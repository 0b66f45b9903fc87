"""Where shards are run, and what became of each."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from attrs import define

from pyimgano_core.errors import PyimganoError, UsageError

_ADDRESS = re.compile(r"auto|(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}", flags=re.ASCII)


@define(frozen=True, kw_only=True)
class LocalEngine:
    """Worker processes on this machine.

    Attributes:
        workers: how many; None for one on each processor.
        threads: what the libraries of each may use; None for what they use in this process.
    """

    workers: int | None = None
    threads: int | None = 1


@define(frozen=True, kw_only=True)
class RayEngine:
    """A Ray cluster that runs already.

    Attributes:
        address: `HOST:PORT`, or `auto` for the cluster that this machine is a node of.
        workers: how many shards are run at a time; None for as many as the cluster takes.
    """

    address: str
    workers: int | None = None


Engine: TypeAlias = LocalEngine | RayEngine


@define(frozen=True, kw_only=True)
class ShardOutcome:
    """What became of a shard.

    Attributes:
        index: its place among the shards that were given, from 0.
        error: why it is not done; None where it is.
    """

    index: int
    error: PyimganoError | None = None


def choose_engine(name: Literal["local", "ray"], *, workers: int | None, address: str | None) -> Engine:
    """Return the engine that a command line asks for.

    Raises:
        UsageError: a cluster is asked for and not named, or named and not asked for.
    """
    if name == "local":
        if address is not None:
            raise UsageError(f"--address {address!r} is for --engine ray; the local engine has none")
        return LocalEngine(workers=workers)
    if address is None:
        raise UsageError("--engine ray needs --address HOST:PORT or auto; no cluster is started here")
    require_address(address)
    return RayEngine(address=address, workers=workers)


def require_address(address: str) -> None:
    """Raise `UsageError` where Ray might take `address` for something else than a cluster that runs."""
    if _ADDRESS.fullmatch(address) is None:
        raise UsageError(f"{address!r} is no address of a Ray cluster; write HOST:PORT, or auto")
