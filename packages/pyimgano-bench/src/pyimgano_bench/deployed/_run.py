"""The benchmark of an artifact: a cell per category, and the results in every form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_bench import __version__
from pyimgano_bench.cell import CELLS, count_others, slug_of
from pyimgano_bench.deployed._artifact import check_categories, read_deployable
from pyimgano_bench.deployed._data import choose_data, prepare_data
from pyimgano_bench.deployed._infer import find_program
from pyimgano_bench.deployed._lines import Reading, Running
from pyimgano_bench.deployed._measure import Outcome, Subject, measure
from pyimgano_bench.environment import describe_machine
from pyimgano_bench.leaderboard import write_reports
from pyimgano_bench.means import macro_means
from pyimgano_bench.notes import folder_notes, make_notes
from pyimgano_bench.occupancy import only_job
from pyimgano_bench.outputs import check_folder
from pyimgano_bench.results import BenchResults
from pyimgano_bench.rows import make_row
from pyimgano_bench.sweep import Sweep
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.engine import Shard
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import ExitCode
from pyimgano_core.words import gather

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pyimgano_bench.deployed._lines import LineSource
    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.flags import Request
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Wanted:
    """What a command asks for: the config of the artifact, its name in the results, and how to get lines.

    `label` is None for the detector's name. With `predictions` nothing runs and these lines are read.
    """

    infer_config: Path
    label: str | None = None
    predictions: Path | None = None
    device: str = "cpu"


@define(frozen=True, kw_only=True)
class Benchmarked:
    """The results, how the command ends, and what is wrong with lines, maps and records."""

    results: BenchResults
    exit_code: ExitCode
    issues: tuple[Issue, ...]


def benchmark_artifact(
    wanted: Wanted,
    request: Request,
    output: Path,
    progress: Progress,
    *,
    now: datetime,
    on_error: ErrorSink,
) -> Benchmarked:
    """Measure an artifact, and write its results, in all their forms, beside its cells.

    Args:
        wanted: the artifact.
        request: the data set; its detectors are of no account.
        output: the folder to write to; cells of others in it stay.
        progress: shows the long steps.
        now: the time of the run.
        on_error: is told of each category that fails.

    Raises:
        PyimganoError: nothing can be measured.
    """
    check_folder(output)
    artifact = read_deployable(wanted.infer_config)
    lines = _line_source(wanted)
    data = choose_data(request)
    check_categories(artifact, data.categories, runs=wanted.predictions is None)
    subject = Subject(
        artifact=artifact,
        label=wanted.label or f"{artifact.detector} (deployed)",
        dataset=data.label,
        config=data.config,
        prepared=prepare_data(data, progress),
        lines=lines,
        folder=output,
    )
    categories = subject.prepared.categories
    with only_job(output / CELLS, Shard()):
        outcomes = [
            measure(subject, category, progress, on_error)
            for category in progress.track(categories, "categories", len(categories))
        ]
    settings = {
        "suite": unstructure(request.suite),
        "overrides": request.overrides,
        **_told(wanted, outcomes),
    }
    results = _results(subject, outcomes, settings, now)
    write_artifact(output / "results.json", results)
    write_reports(output, results)
    issues = _distinct(issue for outcome in outcomes for issue in outcome.issues)
    return Benchmarked(results=results, exit_code=_exit_code(outcomes, issues), issues=issues)


def _distinct(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Return the issues, those of a file that several categories share only once."""
    return tuple({(issue.code, issue.message, issue.location): issue for issue in issues}.values())


def _line_source(wanted: Wanted) -> LineSource:
    if wanted.predictions is not None:
        return Reading(path=wanted.predictions)
    return Running(program=find_program(), device=wanted.device)


def _told(wanted: Wanted, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what was asked for, and the summaries of the command by category."""
    predictions = wanted.predictions
    return {
        "infer_config": str(wanted.infer_config),
        "predictions": None if predictions is None else str(predictions),
        "summaries": {
            each.cell.category: unstructure(each.summary) for each in outcomes if each.summary is not None
        },
    }


def _results(
    subject: Subject, outcomes: Sequence[Outcome], settings: dict[str, Any], now: datetime
) -> BenchResults:
    cells = [outcome.cell for outcome in outcomes]
    rows = tuple(map(make_row, cells))
    others = count_others(subject.folder / CELLS, {slug_of(cell) for cell in cells})
    return BenchResults(
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        rows=rows,
        means=macro_means(rows),
        notes=(*gather(_remarks(subject, outcomes)), *make_notes(cells), *folder_notes(others, 0)),
        settings=settings,
        versions=installed_versions(),
        machine=describe_machine(),
    )


def _remarks(subject: Subject, outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    """Yield what a reader must know beside the numbers, and of which category."""
    for outcome in outcomes:
        for remark in outcome.remarks:
            yield f"{subject.dataset}/{outcome.cell.category}", remark
    measured = {outcome.cell.category for outcome in outcomes}
    for name in subject.artifact.config.per_category:
        if name not in measured:
            yield name, "the artifact has this category, which is not measured here"


def _exit_code(outcomes: Sequence[Outcome], issues: Sequence[Issue]) -> ExitCode:
    """Return a sweep's own, or 4 where lines or maps can't be used."""
    code = Sweep(cells=tuple(outcome.cell for outcome in outcomes), reused=0).exit_code
    if code is ExitCode.DONE and any(issue.severity is Severity.ERROR for issue in issues):
        return ExitCode.SOME_INPUTS_FAILED
    return code
