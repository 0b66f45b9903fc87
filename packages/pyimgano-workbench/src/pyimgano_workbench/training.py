"""The training run: prepare the data, run each category through core's pipeline, write the run directory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.report import RunReport
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import ExitCode, PyimganoError
from pyimgano_core.evaluation import mean_metrics
from pyimgano_workbench import __version__
from pyimgano_workbench.categories import Done, run_categories
from pyimgano_workbench.html import render_html
from pyimgano_workbench.job import Job, prepare_job
from pyimgano_workbench.rundir import RunDirectory

if TYPE_CHECKING:
    from datetime import datetime

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class TrainingRun:
    """A finished run: its folder, its report, and the error of every category that failed."""

    folder: Path
    report: RunReport
    errors: dict[str, PyimganoError]

    @property
    def exit_code(self) -> ExitCode:
        """0, or 4 where some inputs or categories failed."""
        failed = any(report.failures for report in self.report.per_category.values())
        return ExitCode.SOME_INPUTS_FAILED if self.report.failed_categories or failed else ExitCode.DONE


def train(
    config: RunConfig, base: Path, progress: Progress, *, now: datetime, export_infer_config: bool
) -> TrainingRun:
    """Run `config` and return what it left; the arguments are those of `prepare_job`.

    Raises:
        DataError: where the data set has errors.
        UsageError: where the output directory is taken.
    """
    job = prepare_job(config, base, progress, now=now, export_infer_config=export_infer_config)
    return run_job(job, progress)


def run_job(job: Job, progress: Progress) -> TrainingRun:
    """Run what is prepared.

    Raises:
        PyimganoError: that of the first category, where all failed.
        UsageError: where the output directory is taken.
    """
    directory = RunDirectory(job.target, job.origin, job.config, reopen=job.reopen)
    try:
        done = run_categories(job, progress, directory)
        if not done.reports:
            raise next(iter(done.errors.values()))
        report = _run_report(job, done)
        if job.origin.export_infer_config:
            directory.write_infer_config(done.reports.values(), job.config, __version__)
        directory.write_run(report, render_html(report, directory.folder))
        directory.finish()
    finally:
        directory.release()
    return TrainingRun(folder=directory.target, report=report, errors=done.errors)


def _run_report(job: Job, done: Done) -> RunReport:
    config = job.config
    return RunReport(
        timestamp_utc=job.now.isoformat(timespec="seconds"),
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
        issues=tuple(issue for issue in job.prepared.issues if issue.category is None),
        seconds={**done.seconds, "total": round(time.perf_counter() - job.clock, 3)},
        environment=unstructure(job.environment),
        parent=job.origin.parent,
    )
