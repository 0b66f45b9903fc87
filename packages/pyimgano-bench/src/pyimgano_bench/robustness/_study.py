"""A robustness study: its cells, then JSON, CSV, Markdown and the picture in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench import __version__
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.formats import csv_table
from pyimgano_bench.robustness._corruptions import CORRUPTIONS
from pyimgano_bench.robustness._measure import Disturbed, measure_case
from pyimgano_bench.robustness._picture import svg_picture
from pyimgano_bench.robustness._summary import RobustnessResults, Summary, summarize
from pyimgano_bench.robustness._tables import markdown_report
from pyimgano_bench.study.cases import Study, run_study
from pyimgano_bench.study.words import LEFT_OUT, UNDEFINED
from pyimgano_core.artifacts import write_artifact, write_text
from pyimgano_core.contracts.structuring import structure, unknown
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import UsageError
from pyimgano_core.words import agree, gather

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Plan
    from pyimgano_bench.study.cell import StudySweep
    from pyimgano_core.progress import Progress


def run_robustness(
    plan: Plan,
    output: Path,
    *,
    kinds: Sequence[str],
    now: datetime,
    progress: Progress,
    on_error: ErrorSink,
) -> tuple[RobustnessResults, StudySweep]:
    """Run the study and write `robustness.json`, `.csv`, `.md` and `.svg` beside its cells.

    Args:
        plan: what to run.
        output: the folder to write to; finished cells in it are used.
        kinds: the disturbances; none is all.
        now: the time of the run.
        progress: shows the long steps.
        on_error: is told of each failure.

    Raises:
        UsageError: a kind is unknown, or the folder holds something else.
    """
    constants = _chosen(kinds)
    study = Study(
        name="robustness",
        work=lambda case, _part: measure_case(case, tuple(constants), progress),
        settings={"constants": constants},
    )
    sweep = run_study(study, plan, output, progress=progress, on_error=on_error)
    rows = tuple(structure(row, Disturbed, known_only=False) for row in sweep.rows)
    summary = summarize(rows)
    results = RobustnessResults(
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        trial=plan.limit,
        rows=rows,
        summary=summary,
        constants=constants,
        notes=(*_notes(rows), *sweep.failures, *_left_out(rows, summary)),
        versions=installed_versions(),
        machine=describe_machine(),
    )
    write_text(output / "robustness.csv", csv_table(Disturbed, rows))
    write_text(output / "robustness.md", markdown_report(results))
    write_text(output / "robustness.svg", svg_picture(results))
    write_artifact(output / "robustness.json", results)
    return results, sweep


def _chosen(kinds: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the constants of the kinds asked for, all where none is."""
    for kind in kinds:
        if kind not in CORRUPTIONS:
            raise UsageError(f"--kind {kind!r}: {unknown('kind', kind, list(CORRUPTIONS))}")
    return {kind: constants for kind, (_, constants) in CORRUPTIONS.items() if kind in kinds or not kinds}


def _notes(rows: Sequence[Disturbed]) -> list[str]:
    """Say what a reader must know of the numbers."""
    notes = gather(pair for row in rows for pair in _told(row))
    if any(row.reviews for row in rows):
        notes.append(
            "images in the review band are neither false alarms nor misses; robustness.csv counts them"
        )
    return notes


def _left_out(rows: Sequence[Disturbed], summary: Sequence[Summary]) -> list[str]:
    shared = {line.dataset: line.categories for line in summary}
    found = dict.fromkeys((row.dataset, row.category) for row in rows)
    return gather((f"{name}/{own}", LEFT_OUT) for name, own in found if own not in shared[name])


def _told(row: Disturbed) -> Iterator[tuple[str, str]]:
    """Yield where and what."""
    place = f"{row.dataset}/{row.category} {row.detector}"
    if row.threshold_note is not None:
        yield place, row.threshold_note
    if row.auroc is None:
        yield f"{row.dataset}/{row.category}", UNDEFINED
    if row.failed_count:
        does = agree(row.failed_count, "does", "do")
        yield place, f"{row.failed_count} of the test images could not be read or scored and {does} not count"
