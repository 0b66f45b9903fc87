"""The preflight runner, found without importing the preflight package: an entry point that it registers."""

from __future__ import annotations

from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Protocol

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.preflight import PreflightReport
from pyimgano_core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
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


def invalid_config_report(error: ConfigError) -> PreflightReport:
    """Return the report of a config that names no data set to look at."""
    issues = tuple(
        Issue(code="PF905", name="CONFIG_INVALID", severity=Severity.ERROR, message=problem)
        for problem in error.problems
    )
    return PreflightReport(
        pyimgano_version=version("pyimgano-core"),
        status="error",
        summary={"by_severity": {"error": len(issues)}, "by_code": {"PF905": len(issues)}},
        issues=issues,
    )
