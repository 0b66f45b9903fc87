"""From what was found to what is printed, written and returned as exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import atomic_writer
from pyimgano_core.cli.app import write_stdout
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ExitCode, UsageError
from pyimgano_preflight._baseline import write_baseline
from pyimgano_preflight._lock_writer import write_lock
from pyimgano_preflight._report_options import files_to_write
from pyimgano_preflight.outputs import Emission, render, render_summary, write_issues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight._report_options import ReportOptions
    from pyimgano_preflight.runner import Outcome

_FOR_PEOPLE = ("text", "concise")
_STORAGE = "PF901"
_TRUNCATED = "PF903"


def emit(outcome: Outcome, options: ReportOptions) -> None:
    """Print the outcome and write its files.

    Raises:
        UsageError: a file to be written is one of the data set.
        DataError: files that can't be read keep a lock from being written.
    """
    _print(outcome, options)
    if outcome.inspection is not None:
        _refuse_data(options.outputs, outcome.inspection)
    _write_reports(outcome, options)
    if outcome.inspection is not None and outcome.stop is None:  # an interrupted check vouches for nothing
        if options.write_baseline is not None:
            write_baseline(options.write_baseline, outcome.issues)
        if options.write_lock is not None:
            write_lock(options.write_lock, outcome.inspection)


def emit_failure(outcome: Outcome, options: ReportOptions, *, write: bool) -> None:
    """Print the report of a check that could not begin, where a program reads it; people get the error.

    Args:
        outcome: the report.
        options: what was asked for.
        write: whether the options on files are sound, so that these are written, too.
    """
    if options.stdout_format not in _FOR_PEOPLE:
        _print(outcome, options)
    if write:
        _write_reports(outcome, options)


def _print(outcome: Outcome, options: ReportOptions) -> None:
    emission = Emission(colour=_wants_colour(), statistics=options.statistics)
    for piece in render(options.stdout_format, outcome, emission):
        write_stdout(piece)
    if options.stdout_format == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(summary).open("a", encoding="utf-8") as stream:  # earlier commands of the step wrote to it
            stream.write(render_summary(outcome.report, outcome.issues))


def _write_reports(outcome: Outcome, options: ReportOptions) -> None:
    for name, path in files_to_write(options):
        with atomic_writer(path) as stream:
            for piece in render(name, outcome):
                stream.write(piece.encode("utf-8", "backslashreplace"))
    if options.issues is not None:
        write_issues(options.issues, outcome.issues)


def exit_code(report: PreflightReport, options: ReportOptions) -> ExitCode:
    """Return 2 for errors, 4 where only the storage failed, 3 for what `--fail-on` names, else 0."""
    if options.exit_zero:
        return ExitCode.DONE
    counts, known, by_code = (report.summary[of] for of in ("by_severity", "known_by_severity", "by_code"))
    fresh = {severity: counts[severity] - known[severity] for severity in Severity}
    if fresh[Severity.ERROR]:
        of_storage = by_code.get(_STORAGE, 0)
        return ExitCode.DATA_ERRORS if fresh[Severity.ERROR] > of_storage else ExitCode.SOME_INPUTS_FAILED
    fresh[Severity.INFO] -= by_code.get(_TRUNCATED, 0)  # says something of the list, not of the data
    order = list(Severity)
    gate = max(order.index(Severity(options.fail_on)), order.index(Severity.WARNING) * options.strict)
    tripped = any(fresh[severity] for severity in order[: gate + 1])
    return ExitCode.GATE_TRIPPED if tripped else ExitCode.DONE


def _refuse_data(outputs: Sequence[Path], inspection: Inspection) -> None:
    """Raise `UsageError` where an output is a file of the data set, under whatever name."""
    existing = {(state.st_dev, state.st_ino): path for path in outputs if (state := _state(path))}
    if not existing:
        return
    for inode in inspection.facts.inodes():
        if inode in existing:
            raise UsageError(f"{existing[inode]} is a file of the data set and is kept")


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _wants_colour() -> bool:
    """Return whether stdout is a terminal whose user has not set https://no-color.org/."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
