"""The preflight runner, found without importing the preflight package: an entry point that it registers."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_core.progress import Progress

GROUP = "pyimgano.preflight"


class PreflightRunner(Protocol):
    """What the entry point holds."""

    def __call__(self, config: RunConfig, base: Path, progress: Progress) -> PreflightReport:
        """Check the data set of `config`, whose relative paths start from `base`."""
        ...


def preflight_runner() -> PreflightRunner:
    """Return the installed preflight runner.

    Raises:
        MachineError: where none is installed.
    """
    for entry in entry_points(group=GROUP):
        runner: PreflightRunner = entry.load()
        return runner
    raise MachineError("no preflight is installed; get one with: pip install pyimgano-preflight")
