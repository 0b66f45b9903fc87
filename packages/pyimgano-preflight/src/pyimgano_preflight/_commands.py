"""What the commands do; apart from `cli`, so that asking for help loads nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ExitCode, PyimganoError, UsageError
from pyimgano_core.layouts import list_categories
from pyimgano_core.progress import for_terminal
from pyimgano_preflight._report import report_failure
from pyimgano_preflight._source import load_choice
from pyimgano_preflight._text import render_report, render_rule, render_rules
from pyimgano_preflight.rules import find_rule, load_rules
from pyimgano_preflight.runner import run_preflight

if TYPE_CHECKING:
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_preflight._source import Choice


def check_data(choice: Choice, *, as_json: bool, strict: bool) -> int:
    """Check, print the report, and return the exit code; with JSON a report is printed whatever happens."""
    try:
        config, base = load_choice(choice)
        report = run_preflight(config, base, for_terminal())
    except (PyimganoError, OSError) as exc:
        if as_json:
            emit_json({"preflight": report_failure(exc)})
        raise
    if as_json:
        emit_json({"preflight": report})
    else:
        write_stdout(render_report(report) + "\n")
    return _exit_code(report, strict=strict)


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
        raise UsageError(f"no rule {code!r}; see all of them with pyimgano-preflight rule --list-rules")
    if as_json:
        emit_json({"rule": asdict(rule)})
    else:
        write_stdout(render_rule(rule) + "\n")
    return ExitCode.DONE


def _exit_code(report: PreflightReport, *, strict: bool) -> int:
    found = report.summary["by_severity"]
    if found[Severity.ERROR]:
        return ExitCode.DATA_ERRORS
    return ExitCode.GATE_TRIPPED if strict and found[Severity.WARNING] else ExitCode.DONE
