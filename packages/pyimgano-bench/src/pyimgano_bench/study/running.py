"""What the commands of studies share: the plan that options name, a folder, told failures, and the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pyimgano_bench.notes import kept_in_words
from pyimgano_bench.options import read_request
from pyimgano_bench.outputs import fresh_folder, hint_to_resume, tell_failure
from pyimgano_bench.plan import Plan, make_plan
from pyimgano_core.cli.app import emit_json, write_stdout
from pyimgano_core.progress import for_terminal_or_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import click

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.study.cell import StudySweep
    from pyimgano_core.progress import Progress

R_co = TypeVar("R_co", covariant=True)


class Run(Protocol[R_co]):
    """A study, ready to run."""

    def __call__(
        self,
        plan: Plan,
        output: Path,
        *,
        now: datetime,
        progress: Progress,
        on_error: ErrorSink,
    ) -> tuple[R_co, StudySweep]:
        """Run it into a folder and return its results and its cells."""
        ...


def conduct(
    context: click.Context,
    options: dict[str, Any],
    name: str,
    run: Run[R_co],
    text_report: Callable[[R_co], str],
) -> int:
    """Run a study as its command's options say, print its results and return the exit code.

    Args:
        context: the command's.
        options: those of `study_options`.
        name: begins the folder's name where the options name none.
        run: the study.
        text_report: tells of its results on a terminal.

    Raises:
        ConfigError: with all problems of what the options name.
        DataError: a data set has no categories.
        UsageError: the options can't be followed.
    """
    now = datetime.now(UTC)
    request = read_request(context, options)
    plan = make_plan(request.suite, request.overrides, request.base, options["limit"])
    folder: Path = options["output_dir"] or fresh_folder(name, now)
    with hint_to_resume(folder):
        results, sweep = run(plan, folder, now=now, progress=for_terminal_or_log(), on_error=tell_failure)
    if options["as_json"]:
        emit_json(results)
        return sweep.exit_code
    kept = f" ({kept_in_words(sweep.reused, len(sweep.cells))})" if sweep.reused else ""
    write_stdout(f"{text_report(results)}\n\nresults: {folder}{kept}\n")
    return sweep.exit_code
