"""A cost measurement: its rounds, then JSON, CSV and Markdown in its folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pyimgano_bench import __version__
from pyimgano_bench.cell import CELLS
from pyimgano_bench.cost._cases import CHECKPOINTS, make_cases
from pyimgano_bench.cost._contract import CostProtocol, CostResults
from pyimgano_bench.cost._process import StepError
from pyimgano_bench.cost._tables import csv_report, markdown_report
from pyimgano_bench.cost._tally import Tally
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.failures import exit_code_of
from pyimgano_bench.outputs import check_folder
from pyimgano_core.artifacts import write_artifact, write_text
from pyimgano_core.engine import default_workers
from pyimgano_core.environment import installed_versions
from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Plan
    from pyimgano_core.errors import ExitCode
    from pyimgano_core.progress import Progress

    Load = tuple[float, float, float]


def run_cost(
    plan: Plan,
    output: Path,
    protocol: CostProtocol,
    *,
    settings: dict[str, Any],
    now: datetime,
    progress: Progress,
    on_error: ErrorSink,
) -> tuple[CostResults, ExitCode]:
    """Measure what the plan's contenders cost; write `cost.json`, `.csv` and `.md`, and the graphs.

    An interrupt leaves the files with what was measured up to it.

    Args:
        plan: what to measure; of its seeds only the first.
        output: the folder to write to; a benchmark's own will do.
        protocol: how it is measured.
        settings: what was asked for, for the record.
        now: the time of the run.
        progress: shows the rounds.
        on_error: is told of each failure.

    Raises:
        UsageError: the folder holds something else.
    """
    check_folder(output, (CELLS, CHECKPOINTS, "cost.json"))
    before = _load()
    tallies = [Tally(case=case) for case in make_cases(plan, output, protocol, progress)]
    for error, tally in {tally.error: tally for tally in reversed(tallies) if tally.error}.items():
        on_error(tally.place, error)  # once, where it keeps a whole data set from being measured
    usable = [tally for tally in tallies if tally.error is None]
    is_complete = False
    try:
        for tally in progress.track(schedule(usable, protocol.rounds), "cost", len(usable) * protocol.rounds):
            tally.measure(protocol.threads, on_error)
        is_complete = True
    finally:
        after = _load()
        results = CostResults(
            timestamp_utc=now.isoformat(timespec="seconds"),
            pyimgano_version=__version__,
            is_complete=is_complete,
            protocol=protocol,
            rows=tuple(tally.row() for tally in tallies),
            notes=tuple(make_notes(protocol, (before, after), is_complete=is_complete)),
            load_before=before,
            load_after=after,
            settings=settings,
            versions=installed_versions(),
            machine=describe_machine(),
        )
        _write(results, output)
    return results, _exit_code(tallies)


def _write(results: CostResults, output: Path) -> None:
    write_text(output / "cost.csv", csv_report(results))
    write_text(output / "cost.md", markdown_report(results))
    write_artifact(output / "cost.json", results)


def schedule(tallies: Sequence[Tally], rounds: int) -> Iterator[Tally]:
    """Yield whose turn it is: forwards, then backwards, so that what drifts meets all alike."""
    for number in range(rounds):
        yield from tallies if number % 2 == 0 else reversed(tallies)


def make_notes(
    protocol: CostProtocol, loads: tuple[Load | None, Load | None], *, is_complete: bool
) -> Iterator[str]:
    """Yield what a reader must know of the numbers."""
    if not is_complete:
        yield "interrupted: rows hold what was measured before"
    if protocol.rounds > 1:
        yield f"medians of up to {protocol.rounds} rounds, lowest to highest in brackets"
    if protocol.images < 100:  # noqa: PLR2004 - one of them is 1 %
        images = images_in_words(protocol.images)
        yield f"the p99 of {images} is close to the slowest of them; --images 100 or more"
    processors = default_workers()
    known = [load[0] for load in loads if load is not None]
    if known and max(known) > processors:
        yield (
            f"the machine was busy: a load of up to {max(known):.1f} on {processors} processors; "
            "times are longer than on an idle one, CPU seconds less so"
        )


def _load() -> Load | None:
    return os.getloadavg() if hasattr(os, "getloadavg") else None


def _exit_code(tallies: Sequence[Tally]) -> ExitCode:
    errors = [tally.error for tally in tallies if tally.error is not None]
    codes = [int(error.code if isinstance(error, StepError) else error.exit_code) for error in errors]
    return exit_code_of(codes, len(tallies))
