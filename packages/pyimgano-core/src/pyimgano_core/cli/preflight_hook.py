"""The preflight runner, found without importing the preflight package: an entry point that it registers."""

from __future__ import annotations

from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Protocol

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.preflight import PreflightReport, reported
from pyimgano_core.errors import ConfigError, ExitCode, MachineError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.errors import PyimganoError
    from pyimgano_core.progress import Progress

GROUP = "pyimgano.preflight"
_STORAGE = "PF901"
_NAMES = {_STORAGE: "ENVIRONMENT_FAILED", "PF905": "CONFIG_INVALID"}


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


def exit_code_of(report: PreflightReport) -> ExitCode:
    """Return 2 where the data has errors, 4 where only the storage failed, else 0."""
    errors = report.summary["by_severity"]["error"]
    of_storage = report.summary["by_code"].get(_STORAGE, 0)
    if errors > of_storage:
        return ExitCode.DATA_ERRORS
    return ExitCode.SOME_INPUTS_FAILED if errors else ExitCode.DONE


def failure_report(error: PyimganoError | OSError) -> PreflightReport:
    """Return the report of a preflight that could not look at the data."""
    code = "PF905" if isinstance(error, UsageError) else _STORAGE
    problems = error.problems if isinstance(error, ConfigError) else (str(error),)
    issues = tuple(
        reported(Issue(code=code, name=_NAMES[code], severity=Severity.ERROR, message=problem))
        for problem in problems
    )
    none = {severity.value: 0 for severity in Severity}
    return PreflightReport(
        pyimgano_version=version("pyimgano-core"),
        status="error",
        summary={
            "by_severity": {**none, "error": len(issues)},
            "by_code": {code: len(issues)},
            "known_by_severity": none,
        },
        issues=issues,
    )
