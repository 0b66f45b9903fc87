"""`--resume`: finish what is missing of a run, be it interrupted, or finished with categories that failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError
from pyimgano_core.preparation import prepare_dataset
from pyimgano_workbench.job import Job, make_job
from pyimgano_workbench.past import finished_report, read_past
from pyimgano_workbench.training import TrainingRun

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pyimgano_core.progress import Progress


def resume(run: Path, progress: Progress, *, now: datetime) -> Job | TrainingRun:
    """Return what is left to do of a run, or the run where nothing is.

    Finished categories are kept while their settings, data and environment are the same; those whose data
    has changed are run again, like those that failed.

    Args:
        run: its directory.
        progress: shows the reading of the data set.
        now: the time of this attempt.

    Raises:
        ArtifactError: a file of the run is missing or torn.
        DataError: where the data set has errors.
        UsageError: there is no such run, its settings, weights or environment have changed, or an update
            made it.
    """
    clock = time.perf_counter()
    past = read_past(run)
    if past.is_finished:
        report = finished_report(past)
        if not report.failed_categories:
            return TrainingRun(folder=past.target, report=report, errors={})
    if past.origin.parent is not None:
        raise UsageError(f"{past.folder} was made by --update; the same command as then goes on with it")
    job = make_job(
        past.config,
        past.base,
        prepare_dataset(past.config, past.base, progress),
        now=now,
        clock=clock,
        export_infer_config=past.origin.export_infer_config,
        target=past.target,
        reopen=True,
    )
    if job.origin.settings != past.origin.settings:
        raise UsageError(
            f"{past.folder}: its weights, regions of interest or packages are not those that it began with, "
            "so its categories could not be compared; begin a new run"
        )
    return job
