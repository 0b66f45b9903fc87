"""What every command of every package shares: errors to exit codes, JSON output, common options.

A command's `main()` calls `run(command)`. stdout carries the result only; messages go to stderr.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pyimgano_core.cli._signals import HungUp, Terminated, listen
from pyimgano_core.errors import ConfigError, DataError, ExitCode, PyimganoError
from pyimgano_core.textlines import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyimgano_core.contracts.issue import Issue

INTERRUPTS = (KeyboardInterrupt, Terminated, HungUp)
"""What asks a command to end; whoever catches them to keep what was found raises them again."""

_ISSUES_SHOWN = 20
_DOTTED = r"[a-z]\w*(?:\.\w+)+"
_KEY_ALONE = re.compile(rf"--({_DOTTED})(?![\w.])|[( ]({_DOTTED})=")
_NAMED_BY_USERS = frozenset({"category", "dataset"})  # a name is text, though it be 01


def run(command: click.Command, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `command` as a process: exit codes as documented, one clear line for every user's mistake."""
    listen()
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name need not be text
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # it tells of each odd TIFF; `ImageError` does
    sys.exit(_exit_code(command, arguments))


def _fill_closed_streams() -> None:
    """Let a standard stream that the caller closed be an empty one: no file opened later gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, stream)


def _exit_code(command: click.Command, arguments: Sequence[str] | None) -> int:
    try:
        result = _invoke(command, sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except PyimganoError as exc:
        report_error(exc)
        return exc.exit_code
    except click.ClickException as exc:
        _explained(exc).show()
        return ExitCode.USAGE
    except (click.Abort, *INTERRUPTS) as exc:
        return _abandon_stdout(_stopped(exc))
    except (OSError, MemoryError) as exc:
        cause = signal_behind(exc)
        return _abandon_stdout(_environment_code(exc) if cause is None else _stopped(cause))
    except Exception as exc:
        cause = signal_behind(exc)
        if cause is None:
            raise
        return _abandon_stdout(_stopped(cause))
    return result if isinstance(result, int) else ExitCode.DONE


def _explained(error: click.ClickException) -> click.ClickException:
    """Say how a key of the config is set, where somebody tried it as an option or an argument."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or all("--set" not in parameter.opts for parameter in context.command.params):
        return error
    from attrs import fields  # noqa: PLC0415 - keeps start-up light

    from pyimgano_core.contracts.config import RunConfig  # noqa: PLC0415

    tables = {each.name for each in fields(RunConfig)}
    words = ("".join(found) for found in _KEY_ALONE.findall(error.message))
    keys = [word for word in words if word.partition(".")[0] in tables]
    if not keys:
        return error
    advice = f"a key of the config is set with --set {keys[0]}=VALUE"
    return click.UsageError(f"{error.message.rstrip('.')}; {advice}", context)


def _stopped(error: BaseException) -> ExitCode:
    if isinstance(error, Terminated):
        return _say("terminated; what was finished is kept", ExitCode.TERMINATED)
    if isinstance(error, HungUp):
        return _say("the terminal was closed; what was finished is kept", ExitCode.HUNG_UP)
    return _say("interrupted; what was finished is kept", ExitCode.INTERRUPTED)


def signal_behind(error: BaseException) -> BaseException | None:
    """Return the signal's exception where `error` came up while it unwound, else None."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, INTERRUPTS):
        cause = cause.__context__
    return cause


def _invoke(command: click.Command, arguments: Sequence[str]) -> object:
    """Do what `command.main` does, except that it turns a broken pipe into the exit code 1."""
    name = Path(sys.argv[0]).name
    variable = f"_{re.sub(r'[-.]', '_', name).upper()}_COMPLETE"
    if instruction := os.environ.get(variable):
        return _complete(command, name, variable, instruction)
    with command.make_context(name, list(arguments)) as context:
        return command.invoke(context)


def _complete(command: click.Command, name: str, variable: str, instruction: str) -> ExitCode:
    """Answer a shell that asks what may follow; `instruction` is `bash_source`, `zsh_complete` and so on."""
    from click.shell_completion import shell_complete  # noqa: PLC0415 - keeps start-up light

    failed = shell_complete(command, {}, name, variable, instruction)
    return ExitCode.USAGE if failed else ExitCode.DONE


def _environment_code(error: OSError | MemoryError) -> ExitCode:
    """Say what the system refused; a library's own error is a bug here and is raised again."""
    if isinstance(error, BrokenPipeError):
        return ExitCode.DONE
    if isinstance(error, MemoryError):
        return _say("out of memory", ExitCode.ENVIRONMENT)
    if error.errno is None:
        raise error
    place = "" if error.filename is None else f"{error.filename}: "
    remedy = ": make room and run the same command again" if error.errno == errno.ENOSPC else ""
    return _say(f"{place}{error.strerror}{remedy}", ExitCode.ENVIRONMENT)


def _say(message: str, code: ExitCode) -> ExitCode:
    with suppress(OSError):  # stderr may be a terminal that was closed
        click.echo(f"Error: {printable(message)}", err=True)
    return code


def _abandon_stdout(code: ExitCode) -> ExitCode:
    """Write what stdout still holds, or drop it where it can't be written, so that the exit code stays."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def report_error(error: PyimganoError) -> None:
    """Print an error to stderr: one line, and below it each problem or issue that says more."""
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        where = printable(str(error.source or "the configuration"))
        click.echo(f"Error: {where} has {len(error.problems)} problems:", err=True)
        for problem in error.problems:
            click.echo(f"  {printable(problem)}", err=True)
        return
    click.echo(f"Error: {printable(str(error))}", err=True)
    if isinstance(error, DataError):
        print_issues(issue for issue in error.issues if issue.message != str(error))


def print_issues(issues: Iterable[Issue]) -> None:
    """Print issues to stderr, one a line, the first few of many."""
    shown = list(issues)
    for issue in shown[:_ISSUES_SHOWN]:
        click.echo(f"  {format_issue(issue)}", err=True)
    if len(shown) > _ISSUES_SHOWN:
        click.echo(f"  … and {len(shown) - _ISSUES_SHOWN} more", err=True)


def format_issue(issue: Issue) -> str:
    """Return `manifest.jsonl:12: error PF106 MANIFEST_INVALID_JSON: …` as one line."""
    where = ""
    if issue.location is not None and issue.location.line:
        where = f"{issue.location.manifest or 'manifest'}:{issue.location.line}: "
    return printable(f"{where}{issue.severity} {issue.code} {issue.name}: {issue.message}")


def emit_json(document: Any, *, sort_keys: bool = False) -> None:
    """Write one JSON document to stdout: attrs contracts, mappings, lists and scalars."""
    from pyimgano_core.artifacts import to_json  # noqa: PLC0415 - keeps start-up light

    write_stdout(to_json(document, indent=2, sort_keys=sort_keys) + "\n")


def write_stdout(text: str) -> None:
    """Write text to stdout as UTF-8; what can't be encoded is escaped, never a crash."""
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a plain table with aligned columns: text and names to the left, numbers to the right."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    numeric = [
        title not in _NAMED_BY_USERS and all(_is_number(row[column]) for row in cells[1:])
        for column, title in enumerate(header)
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in {"", "-"}
    return True


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
