"""A whole benchmark: plan, sweep, then the results as JSON, CSV and Markdown in the output folder."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_bench import __version__
from pyimgano_bench.cell import CELLS
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.notes import folder_notes, make_notes
from pyimgano_bench.results import BenchResults, macro_means
from pyimgano_bench.rows import make_row
from pyimgano_bench.sweep import Sweep, run_sweep
from pyimgano_bench.tables import csv_report, markdown_report
from pyimgano_core.artifacts import write_artifact, write_text
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from pyimgano_bench.plan import Plan
    from pyimgano_bench.suite import Suite
    from pyimgano_bench.sweep import ErrorSink
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Benchmark:
    """A finished benchmark."""

    sweep: Sweep
    results: BenchResults


def run_benchmark(
    suite: Suite,
    overrides: dict[str, Any],
    plan: Plan,
    output: Path,
    progress: Progress,
    *,
    now: datetime,
    on_error: ErrorSink,
) -> Benchmark:
    """Run a plan and write `results.json`, `results.csv` and `results.md` beside its cells.

    Args:
        suite: the suite, for the record.
        overrides: what was laid over it, for the record.
        plan: the suite's plan.
        output: the folder to write to; finished cells in it are used.
        progress: shows the long steps.
        now: the time of the run.
        on_error: is told of each failure.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is no folder; give another --output-dir")
    if output.exists() and any(output.iterdir()) and not (output / CELLS).is_dir():
        raise UsageError(f"{output} holds other files and no benchmark; give another --output-dir")
    versions = installed_versions()
    sweep = run_sweep(plan, output, versions, progress, on_error)
    rows = tuple(make_row(cell) for cell in sweep.cells)
    results = BenchResults(
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        rows=rows,
        means=macro_means(rows),
        notes=(*make_notes(sweep.cells), *folder_notes(sweep.others, sweep.replaced)),
        settings={"suite": unstructure(suite), "overrides": overrides},
        versions=versions,
        machine=describe_machine(),
    )
    write_text(output / "results.csv", csv_report(results))
    write_text(output / "results.md", markdown_report(results))
    write_artifact(output / "results.json", results)
    return Benchmark(sweep=sweep, results=results)


def fresh_folder(now: datetime) -> Path:
    """Return a time-stamped folder under `runs/` that does not exist yet."""
    stem = f"bench_{now.strftime('%Y%m%d_%H%M%S')}"
    names = (stem if number == 1 else f"{stem}_{number}" for number in count(1))
    return next(folder for name in names if not (folder := Path("runs") / name).exists())
