"""The training run: prepare the data, run each category through core's pipeline, write the run directory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, evolve, field

from pyimgano_core.artifacts import atomic_writer
from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.prediction import StoredArray
from pyimgano_core.contracts.report import CategoryReport, RunReport
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import ExitCode, PyimganoError
from pyimgano_core.evaluation import mean_metrics
from pyimgano_core.manifest import category_slug
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_workbench import __version__
from pyimgano_workbench.environment import describe_environment
from pyimgano_workbench.html import render_html
from pyimgano_workbench.identity import run_key, target_folder
from pyimgano_workbench.rundir import RunDirectory, refuse_taken

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.evaluation import MapSink
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class TrainingRun:
    """A finished run: its folder, its report, and the error of every category that failed."""

    folder: Path
    report: RunReport
    errors: dict[str, PyimganoError]

    @property
    def exit_code(self) -> ExitCode:
        """0, or 4 where some inputs or categories failed, or the error's own code where none succeeded."""
        if self.errors and not self.report.per_category:
            return next(iter(self.errors.values())).exit_code
        failed = any(report.failures for report in self.report.per_category.values())
        return ExitCode.SOME_INPUTS_FAILED if self.errors or failed else ExitCode.DONE


def train(
    config: RunConfig, base: Path, progress: Progress, *, now: datetime, export_infer_config: bool
) -> TrainingRun:
    """Run `config` and return what it left.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the long steps.
        now: the time of the run, for the report and the default folder's name.
        export_infer_config: whether `artifacts/infer_config.json` is written.

    Raises:
        DataError: where the data set has errors.
        UsageError: where the output directory is taken.
    """
    start = time.perf_counter()
    if config.output.output_dir is not None:
        refuse_taken(resolve_path(config.output.output_dir, Path()))  # before the data is read
    prepared = prepare_dataset(config, base, progress)
    environment = describe_environment()
    key = run_key(config, base, prepared, environment["fingerprint_sha256"])
    directory = RunDirectory(target_folder(config, key, now), key)
    try:
        done = _run_categories(config, base, progress, prepared, directory)
        if not done.reports:
            raise next(iter(done.errors.values()))
        report = _run_report(config, prepared, done, now, environment)
        report = evolve(report, seconds={**done.seconds, "total": round(time.perf_counter() - start, 3)})
        if export_infer_config:
            directory.write_infer_config(done.reports.values(), unstructure(config.model), __version__)
        directory.write_run(report, config, render_html(report, directory.folder))
        directory.finish()
    finally:
        directory.release()
    return TrainingRun(folder=directory.target, report=report, errors=done.errors)


@define(frozen=True, kw_only=True)
class _Done:
    reports: dict[str, CategoryReport] = field(factory=dict)
    errors: dict[str, PyimganoError] = field(factory=dict)
    seconds: dict[str, float] = field(factory=dict)


def _run_categories(
    config: RunConfig, base: Path, progress: Progress, prepared: Prepared, directory: RunDirectory
) -> _Done:
    """Run every category that is not finished yet; one that fails does not cost the others."""
    done = _Done()
    for category in prepared.categories:
        name = category.split.category
        slug = category_slug(name)
        finished = directory.finished_category(slug)
        if finished is not None:
            done.reports[name] = finished
            continue
        sink = _map_sink(directory.folder, slug) if config.output.save_maps else None
        try:
            run = run_category(category, prepared, config, base, progress, map_sink=sink)
        except PyimganoError as exc:
            done.errors[name] = exc
            continue
        directory.write_category(run)
        done.reports[name] = run.report
        done.seconds.update({f"{name}.{step}": value for step, value in run.seconds.items()})
    return done


def _map_sink(folder: Path, slug: str) -> MapSink:
    """Keep maps as `artifacts/maps/<category>/NNNNNN_<stem>.npy`, so that no two can collide."""

    def store(index: int, sample: Sample, anomaly_map: NDArray[np.float32]) -> StoredArray:
        stem = category_slug(Path(sample.record.image_path).stem)
        path = Path("artifacts") / "maps" / slug / f"{index:06d}_{stem}.npy"
        with atomic_writer(folder / path) as stream:
            np.save(stream, anomaly_map, allow_pickle=False)
        from_lines = f"../../{path.as_posix()}"
        return StoredArray(path=from_lines, shape=anomaly_map.shape, dtype=str(anomaly_map.dtype))

    return store


def _run_report(
    config: RunConfig,
    prepared: Prepared,
    done: _Done,
    now: datetime,
    environment: dict[str, Any],
) -> RunReport:
    return RunReport(
        timestamp_utc=now.isoformat(timespec="seconds"),
        pyimgano_version=__version__,
        dataset=config.dataset.name,
        category=config.dataset.category,
        model=config.model.name,
        recipe=config.recipe,
        seed=config.seed,
        resize=config.dataset.resize,
        categories=tuple(done.reports),
        mean_metrics=mean_metrics(each.results for each in done.reports.values()),
        per_category=done.reports,
        failed_categories={name: str(error) for name, error in done.errors.items()},
        issues=tuple(issue for issue in prepared.issues if issue.category is None),
        environment=environment,
    )
