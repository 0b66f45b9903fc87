"""What `pyimgano-train` does once its options are read: begin, finish, update or repeat a run, and tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pyimgano_core.cli.app import emit_json
from pyimgano_core.progress import for_terminal
from pyimgano_workbench.job import Job, prepare_job
from pyimgano_workbench.memory import MemoryForecast, available_memory, forecast_memory
from pyimgano_workbench.past import read_past
from pyimgano_workbench.reproducing import compare, difference_table, in_words, prepare_repetition
from pyimgano_workbench.resuming import resume
from pyimgano_workbench.summary import next_command, result_table
from pyimgano_workbench.training import TrainingRun, run_job
from pyimgano_workbench.updating import prepare_update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig


def begin(config: RunConfig, base: Path, *, export: bool, as_json: bool) -> int:
    """Run a config."""
    now = datetime.now(UTC)
    job = prepare_job(config, base, for_terminal(), now=now, export_infer_config=export)
    return _tell(_run(job), job.config, job.base, exported=export, as_json=as_json)


def finish(run: Path, *, as_json: bool) -> int:
    """Finish what is missing of a run."""
    left = resume(run, for_terminal(), now=datetime.now(UTC))
    past = read_past(run)
    finished = left if isinstance(left, TrainingRun) else _run(left)
    exported = past.origin.export_infer_config
    return _tell(finished, past.config, past.base, exported=exported, as_json=as_json)


def update(run: Path, manifest: Path, output_dir: str | None, *, as_json: bool) -> int:
    """Add new images to the models of a run."""
    job = prepare_update(run, manifest, output_dir, for_terminal(), now=datetime.now(UTC))
    exported = job.origin.export_infer_config
    return _tell(_run(job), job.config, job.base, exported=exported, as_json=as_json)


def reproduce(
    run: Path,
    overrides: Sequence[str],
    settings: Mapping[str, object],
    output_dir: str | None,
    *,
    as_json: bool,
) -> int:
    """Repeat a run and compare."""
    now = datetime.now(UTC)
    repetition = prepare_repetition(run, overrides, settings, output_dir, for_terminal(), now=now)
    for line in difference_table(repetition.differences):  # a long run follows
        click.echo(line, err=True)
    finished = _run(repetition.job)
    result = compare(repetition, finished)
    if as_json:
        emit_json(result)
    else:
        click.echo(in_words(result))
        click.echo(f"run directory: {finished.folder}")
    return result.exit_code


def warn_of_memory(forecast: MemoryForecast | None) -> None:
    """Say on stderr where a fit needs more memory than there is; each fit says itself what it needs."""
    if forecast is not None and forecast.warning is not None:
        click.echo(f"Warning: {forecast.warning}", err=True)


def _run(job: Job) -> TrainingRun:
    splits = (category.split for category in job.prepared.categories)
    counts = {split.category: len(split.train) for split in splits}
    warn_of_memory(forecast_memory(job.config, job.base, counts, available_memory()))
    return run_job(job, for_terminal())


def _tell(finished: TrainingRun, config: RunConfig, base: Path, *, exported: bool, as_json: bool) -> int:
    if as_json:
        emit_json(finished.report)
    else:
        _print_result(finished, config, base, exported=exported)
    return finished.exit_code


def _print_result(finished: TrainingRun, config: RunConfig, base: Path, *, exported: bool) -> None:
    click.echo(result_table(finished.report, finished.folder))
    click.echo(f"\nrun directory: {finished.folder}")
    for name, error in finished.report.failed_categories.items():
        click.echo(f"Error: category {name!r} failed: {error}", err=True)
    if finished.report.failed_categories:
        click.echo(f"when mended, run: pyimgano-train --resume {finished.folder}", err=True)
    if exported:
        click.echo(f"try next:      {next_command(finished, config, base)}")
