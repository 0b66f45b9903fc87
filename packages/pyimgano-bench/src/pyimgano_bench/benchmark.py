"""A whole benchmark: plan, sweep, then the results as JSON, CSV, Markdown and HTML in the output folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_bench import __version__
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.leaderboard import write_reports
from pyimgano_bench.means import macro_means
from pyimgano_bench.notes import folder_notes, make_notes
from pyimgano_bench.outputs import check_folder
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import make_row
from pyimgano_bench.sweep import Sweep, run_sweep
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.engine import Shard
from pyimgano_core.environment import installed_versions

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Plan
    from pyimgano_bench.suite import Suite
    from pyimgano_core.engine import Engine
    from pyimgano_core.progress import Progress

_WHOLE = Shard()


@define(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark; `results` is None where cells of other jobs are missing."""

    sweep: Sweep
    results: BenchResults | None


def run_benchmark(
    suite: Suite,
    overrides: dict[str, Any],
    plan: Plan,
    output: Path,
    progress: Progress,
    *,
    now: datetime,
    on_error: ErrorSink,
    engine: Engine | None = None,
    shard: Shard = _WHOLE,
    references: bool = False,
) -> Benchmark:
    """Run a plan and write its results, in all their forms, beside its cells.

    One of several jobs writes them only where the cells of all jobs stand.

    Args:
        suite: the suite, for the record.
        overrides: what was laid over it, for the record.
        plan: the suite's plan.
        output: the folder to write to; finished cells in it are used.
        progress: shows the long steps.
        now: the time of the run.
        on_error: is told of each failure.
        engine: where cells are run; None for this process.
        shard: which share of the cells is this job's.
        references: whether what others published is shown beside the results.

    Raises:
        UsageError: the folder holds something else, or another command is at work in it.
        MachineError: the engine is missing.
        OSError: the folder can't be written.
    """
    check_folder(output)
    sweep = run_sweep(plan, output, progress, on_error, engine=engine, shard=shard)
    if sweep.missing:
        return Benchmark(sweep=sweep, results=None)
    rows = tuple(make_row(cell) for cell in sweep.cells)
    results = BenchResults(
        trial=plan.limit,
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        rows=rows,
        means=macro_means(rows),
        notes=(*make_notes(sweep.cells), *folder_notes(sweep.others, sweep.replaced)),
        settings={"suite": unstructure(suite), "overrides": overrides},
        versions=installed_versions(),
        machine=describe_machine(),
    )
    write_artifact(output / "results.json", results)
    write_reports(output, results, references=references)
    return Benchmark(sweep=sweep, results=results)
