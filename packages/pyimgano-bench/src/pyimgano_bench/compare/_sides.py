"""One side of a comparison: what a benchmark's folder holds of each detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.cell import CELLS, BenchCell, CellFile, cell_slug
from pyimgano_bench.results import BenchResults
from pyimgano_core.artifacts import read_artifact, sha256_file
from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.errors import ArtifactError, UsageError
from pyimgano_core.metrics import load_sketch

if TYPE_CHECKING:
    from pyimgano_bench.rows import Row
    from pyimgano_core.metrics import Sketch

_RESULTS = "results.json"


@define(frozen=True, kw_only=True)
class Fit:
    """One category under one seed: its report and where the sketch is, or the problem that left none."""

    dataset: str
    category: str
    seed: int
    folder: Path
    report: CategoryReport | None = None
    sketch: CellFile | None = None
    problem: str | None = None


@define(frozen=True, kw_only=True)
class Side:
    """A detector with all its fits in one folder."""

    label: str
    fits: tuple[Fit, ...]


def load_sides(folder: Path) -> dict[str, Side]:
    """Return the detectors of a benchmark's folder by their labels: those of its last command.

    Raises:
        ArtifactError: where a file there can't be trusted.
        UsageError: where it holds no finished benchmark, or only a trial.
    """
    if not (folder / _RESULTS).is_file():
        raise UsageError(
            f"{folder} has no {_RESULTS}: name the folder of a finished benchmark, or DIR:DETECTOR for one "
            "detector of it"
        )
    results = read_artifact(folder / _RESULTS, BenchResults)
    if results.trial is not None:
        raise UsageError(
            f"{folder} is a trial of at most {results.trial} test images a category, whose numbers are no "
            "results; run it without --limit"
        )
    fits: dict[str, list[Fit]] = {}
    for row in results.rows:
        fits.setdefault(row.detector, []).append(_read_fit(folder / CELLS, row))
    return {label: Side(label=label, fits=tuple(own)) for label, own in fits.items()}


def _read_fit(folder: Path, row: Row) -> Fit:
    place = (row.dataset, row.detector, row.category, row.seed)
    path = folder / f"{cell_slug(*place)}.json"
    cell = read_artifact(path, BenchCell)
    if (cell.dataset, cell.detector, cell.category, cell.seed) != place or cell.trial is not None:
        raise ArtifactError(f"{path}: this is not the cell that {_RESULTS} has; run the benchmark again")
    problem = None
    if cell.report is None or cell.metric_sketch is None:
        problem = f"failed: {' '.join(cell.error.message.split()) if cell.error is not None else 'no result'}"
    return Fit(
        dataset=row.dataset,
        category=row.category,
        seed=row.seed,
        folder=folder,
        report=cell.report,
        sketch=cell.metric_sketch,
        problem=problem,
    )


def read_sketch(fit: Fit) -> Sketch:
    """Return the sketch of a fit without a problem.

    Raises:
        ArtifactError: where it is missing, torn, or not the one that its cell names.
    """
    assert fit.sketch is not None  # noqa: S101 - only a fit with a problem has none
    path = fit.folder / fit.sketch.path
    if not path.is_file():
        raise ArtifactError(f"{path}: the metric sketch is missing; run the benchmark again")
    if sha256_file(path) != fit.sketch.sha256:
        raise ArtifactError(f"{path}: this is not the sketch that its cell names; run the benchmark again")
    return load_sketch(path)
