"""What the commands do; apart from `cli`, so that asking for help loads nothing of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import asdict, evolve

from pyimgano_core.cli.app import INTERRUPTS, emit_json, write_stdout
from pyimgano_core.errors import ExitCode, PyimganoError, UsageError
from pyimgano_core.layouts import list_categories
from pyimgano_core.progress import for_terminal
from pyimgano_preflight._reading import open_facts
from pyimgano_preflight._report import report_failure, report_interrupt
from pyimgano_preflight._report_options import check_options, check_settings
from pyimgano_preflight._reporting import emit, emit_failure, exit_code
from pyimgano_preflight._rule_text import render_rule, render_rules
from pyimgano_preflight._select import unknown_rule
from pyimgano_preflight._source import load_choice
from pyimgano_preflight.rules import find_rule, load_rules
from pyimgano_preflight.runner import Outcome, check_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_preflight._reading import ReadOptions
    from pyimgano_preflight._report_options import ReportOptions
    from pyimgano_preflight._source import Choice


def check_data(choice: Choice, reading: ReadOptions, options: ReportOptions) -> int:
    """Check, report, and return the exit code."""

    def check() -> Outcome:
        if options.write_lock is not None and reading.profile == "quick":
            raise UsageError("--write-lock needs the bytes of all files: use --profile standard or deep")
        settings = check_settings(options)
        config, base = load_choice(choice)
        progress = for_terminal()
        with open_facts(reading, config, progress) as facts:
            return check_dataset(config, base, progress, facts, settings)

    return report_on(check, choice.files, options)


def report_on(check: Callable[[], Outcome], inputs: Sequence[Path], options: ReportOptions) -> int:
    """Run `check`, report what it found, and return the exit code; a report is printed whatever happens.

    `inputs` are files that no report may overwrite.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    options_hold = False
    try:
        check_options(options, inputs)
        options_hold = True
        outcome = check()
    except (PyimganoError, OSError) as exc:
        _emit_failure(report_failure(exc), options, write=options_hold)
        raise
    except INTERRUPTS:
        _emit_failure(report_interrupt(), options, write=options_hold)
        raise
    times = {"started": started.isoformat(), "seconds": round(time.perf_counter() - clock, 3)}
    try:
        emit(evolve(outcome, report=evolve(outcome.report, times=times)), options)
    except OSError:
        if outcome.stop is None:  # else who asked for the end may have closed the terminal
            raise
    if outcome.stop is not None:
        raise outcome.stop.cause
    return exit_code(outcome.report, options)


def _emit_failure(report: PreflightReport, options: ReportOptions, *, write: bool) -> None:
    emit_failure(Outcome(report=report, issues=report.issues), options, write=write)


def show_categories(choice: Choice, *, as_json: bool) -> int:
    """Print the categories of the data set."""
    config, base = load_choice(choice)
    names = list_categories(config.dataset, base)
    if as_json:
        emit_json({"categories": list(names)})
    else:
        write_stdout("".join(f"{name}\n" for name in names))
    return ExitCode.DONE


def show_rules(*, as_json: bool) -> int:
    """Print all rules."""
    if as_json:
        emit_json({"rules": [asdict(rule) for rule in load_rules()]})
    else:
        write_stdout(render_rules(load_rules()) + "\n")
    return ExitCode.DONE


def show_rule(code: str, *, as_json: bool) -> int:
    """Print one rule.

    Raises:
        UsageError: there is none of that code or name.
    """
    rule = find_rule(code)
    if rule is None:
        raise unknown_rule(code)
    if as_json:
        emit_json({"rule": asdict(rule)})
    else:
        write_stdout(render_rule(rule) + "\n")
    return ExitCode.DONE
