"""A few-shot study: its cells, then JSON, CSV, Markdown and the picture in its folder."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from pyimgano_bench import __version__
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.fewshot._measure import FewShotRow, measure_draw
from pyimgano_bench.fewshot._picture import svg_picture
from pyimgano_bench.fewshot._summary import FewShotResults, Point, summarize
from pyimgano_bench.fewshot._tables import markdown_report
from pyimgano_bench.formats import csv_table
from pyimgano_bench.study.cases import Case, Study, run_study
from pyimgano_bench.study.words import LEFT_OUT, UNDEFINED
from pyimgano_core.artifacts import write_artifact, write_text
from pyimgano_core.contracts.structuring import structure
from pyimgano_core.environment import installed_versions
from pyimgano_core.words import gather, images_in_words, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Plan
    from pyimgano_bench.study.cell import StudySweep
    from pyimgano_core.progress import Progress


def run_few_shot(
    plan: Plan,
    output: Path,
    *,
    counts: Sequence[int],
    draws: int,
    now: datetime,
    progress: Progress,
    on_error: ErrorSink,
) -> tuple[FewShotResults, StudySweep]:
    """Run the study and write `few_shot.json`, `.csv`, `.md` and `.svg` beside its cells.

    Args:
        plan: what to run.
        output: the folder to write to; finished cells in it are used.
        counts: numbers of normal images.
        draws: how many draws of each number.
        now: the time of the run.
        progress: shows the long steps.
        on_error: is told of each failure.

    Raises:
        UsageError: the folder holds something else.
    """
    ordered = sorted(set(counts))
    parts = {
        f"draw {draw} of {images_in_words(own)}": (draw, own) for draw, own in product(range(draws), ordered)
    }

    def work(case: Case, part: str) -> tuple[FewShotRow, ...]:
        return measure_draw(case, *parts[part], progress)

    study = Study(name="few-shot", work=work, settings={}, parts=tuple(parts))
    sweep = run_study(study, plan, output, progress=progress, on_error=on_error)
    rows = tuple(structure(row, FewShotRow, known_only=False) for row in sweep.rows)
    points = summarize(rows)
    notes = gather(pair for told in (_told(rows), _short(rows, ordered[-1])) for pair in told)
    results = FewShotResults(
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        trial=plan.limit,
        rows=rows,
        points=points,
        notes=(*notes, *sweep.failures, *gather(_left_out(rows, points))),
        versions=installed_versions(),
        machine=describe_machine(),
    )
    write_text(output / "few_shot.csv", csv_table(FewShotRow, rows))
    write_text(output / "few_shot.md", markdown_report(results))
    write_text(output / "few_shot.svg", svg_picture(results))
    write_artifact(output / "few_shot.json", results)
    return results, sweep


def _told(rows: Sequence[FewShotRow]) -> Iterator[tuple[str, str]]:
    """Say what thresholds fell back to, why there are no pixel metrics, and what could not be used."""
    for row in rows:
        if row.threshold_note is not None:
            yield _normals(row.count), row.threshold_note
        if row.pixel_note is not None:
            yield f"{row.dataset}/{row.category}", row.pixel_note
        if row.image_auroc is None:
            yield f"{row.dataset}/{row.category}", UNDEFINED
        if row.failed_count:
            images = images_in_words(row.failed_count)
            yield f"{row.dataset}/{row.category} {row.detector}", f"{images} could not be used"


def _short(rows: Sequence[FewShotRow], wanted: int) -> Iterator[tuple[str, str]]:
    """Say where there were not as many images as asked for."""
    most = {(row.dataset, row.category): row.count for row in sorted(rows, key=lambda row: row.count)}
    for (dataset, category), count in most.items():
        if count < wanted:
            text = f"has fewer than {_normals(wanted)} to draw from; {count} are the most that was measured"
            yield f"{dataset}/{category}", text


def _left_out(rows: Sequence[FewShotRow], points: Sequence[Point]) -> Iterator[tuple[str, str]]:
    """Say which categories have no part in the means of which number of images."""
    shared = {(point.dataset, point.count): point.categories for point in points}
    for row in rows:
        if row.category not in shared[row.dataset, row.count]:
            yield f"{row.dataset}/{row.category} with {_normals(row.count)}", LEFT_OUT


def _normals(count: int) -> str:
    return number_of(count, "normal image")
