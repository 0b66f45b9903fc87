"""One category of an artifact as a cell: its lines, measured as training measures its own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_bench.cell import (
    CELLS,
    BenchCell,
    cell_config,
    cell_key,
    slug_of,
    write_cell,
    write_per_image,
    write_sketch,
)
from pyimgano_bench.deployed._artifact import Artifact, effective_config
from pyimgano_bench.deployed._lines import Lines, LineSource
from pyimgano_bench.deployed._origin import find_origin
from pyimgano_bench.deployed._report import make_report
from pyimgano_bench.failures import as_cell_error
from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.contracts.issue import Issue
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import PyimganoError, UsageError
from pyimgano_core.predictions import evaluate_files
from pyimgano_core.preparation import Prepared
from pyimgano_core.thresholds import count_groups

if TYPE_CHECKING:
    from pyimgano_bench.failures import ErrorSink
    from pyimgano_core.predictions import FilesEvaluation
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Subject:
    """What is measured, on what, and where results go; paths of the `config` are absolute."""

    artifact: Artifact
    label: str
    dataset: str
    config: RunConfig
    prepared: Prepared
    lines: LineSource
    folder: Path


@define(frozen=True, kw_only=True)
class Outcome:
    """A category's cell, the summary of the command that ran, and what a reader must know of both."""

    cell: BenchCell
    summary: InferSummary | None = None
    remarks: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()


def measure(subject: Subject, category: PreparedCategory, progress: Progress, on_error: ErrorSink) -> Outcome:
    """Measure one category and write its cell; one that fails is a failed cell, and `on_error` is told."""
    cell = _blank(subject, category)
    try:
        outcome = _measured(subject, category, cell, progress)
    except PyimganoError as exc:
        on_error(f"{cell.dataset}/{cell.category}", exc)
        outcome = Outcome(cell=evolve(cell, error=as_cell_error(exc)))
    write_cell(subject.folder / CELLS, slug_of(cell), outcome.cell)
    return outcome


def _blank(subject: Subject, category: PreparedCategory) -> BenchCell:
    name = category.split.category
    config, versions = cell_config(subject.config, name), installed_versions()
    data = cell_key(config, Path(), category, subject.prepared, versions)
    facts = to_json({"data": data, "model": subject.artifact.model(name)})
    return BenchCell(
        key=hashlib.sha256(facts.encode()).hexdigest(),
        detector=subject.label,
        dataset=subject.dataset,
        category=name,
        seed=config.seed,
        status="failed",
        config=effective_config(subject.artifact, config),
        versions=versions,
    )


def _measured(subject: Subject, category: PreparedCategory, cell: BenchCell, progress: Progress) -> Outcome:
    origin = _told_origin(subject, category)
    with TemporaryDirectory(dir=subject.folder, prefix="infer-") as folder:
        lines = subject.lines(subject.artifact, category, Path(folder))
        found = evaluate_files(
            lines.path,
            subject.config,
            progress,
            infer_config=subject.artifact.path,
            prepared=evolve(subject.prepared, categories=(category,)),
        )
    return Outcome(
        cell=_finished(cell, subject, category, found, lines),
        summary=lines.summary,
        remarks=tuple(remark for remark in (origin, lines.remark) if remark is not None),
        issues=found.report.issues,
    )


def _told_origin(subject: Subject, category: PreparedCategory) -> str | None:
    """Return what is to be said of the artifact's own split.

    Raises:
        UsageError: it knows test images, and that is not allowed.
    """
    name, policy = category.split.category, subject.config.dataset.split_policy
    origin = find_origin(subject.artifact, category.split, subject.prepared, policy)
    if origin.leaks and policy.leakage == "error":
        raise UsageError(
            f"category {name!r}: {origin.remark}: tests would measure memory; split as training did, or "
            "allow it with --set dataset.split_policy.leakage=allow"
        )
    return origin.remark


def _finished(
    cell: BenchCell, subject: Subject, category: PreparedCategory, found: FilesEvaluation, lines: Lines
) -> BenchCell:
    folder, slug = subject.folder / CELLS, slug_of(cell)
    predictions = found.lines[cell.category]
    return evolve(
        cell,
        status="ok",
        report=make_report(subject.artifact, category, subject.prepared.hashes, found.report),
        per_image=write_per_image(folder, slug, predictions),
        metric_sketch=write_sketch(folder, slug, found.sketches[cell.category]),
        seconds={} if lines.summary is None else {"infer": lines.summary.seconds},
        group_count=count_groups([line.group_id for line in predictions if line.score is not None]),
    )
