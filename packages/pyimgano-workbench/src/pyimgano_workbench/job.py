"""A run that is ready to begin: its config, what it will see, and where it goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.environment import Environment
from pyimgano_core.pipeline import Addition
from pyimgano_core.preparation import Prepared, prepare_dataset
from pyimgano_workbench.environment import describe_environment
from pyimgano_workbench.identity import run_keys, target_folder, weights_sha256
from pyimgano_workbench.origin import RunOrigin, folder_from
from pyimgano_workbench.rundir import refuse_taken

if TYPE_CHECKING:
    from pyimgano_core.contracts.report import ParentRun
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True, eq=False)
class Job:
    """A run that is ready to begin.

    Attributes:
        config: its config.
        base: the folder that the config's relative paths start from.
        prepared: the data set.
        origin: which run it is.
        environment: what it runs on.
        target: the final path of its directory.
        now: when it began.
        clock: when it began, of `time.perf_counter`.
        reopen: whether it goes on with the finished run at `target`.
        additions: of an update, what each category learns from; the others are taken from `parent_folder`.
        parent_folder: the run that an update goes on from.
    """

    config: RunConfig
    base: Path
    prepared: Prepared
    origin: RunOrigin
    environment: Environment
    target: Path
    now: datetime
    clock: float
    reopen: bool = False
    additions: Mapping[str, Addition] = field(factory=dict)
    parent_folder: Path | None = None


def prepare_job(
    config: RunConfig, base: Path, progress: Progress, *, now: datetime, export_infer_config: bool
) -> Job:
    """Return the run of a config.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the reading of the data set.
        now: the time of the run, for the report and the default folder's name.
        export_infer_config: whether `artifacts/infer_config.json` is written.

    Raises:
        ConfigError: where the config can't be followed.
        DataError: where the data set has errors.
        UsageError: where the output directory is taken.
    """
    clock = time.perf_counter()
    if config.output.output_dir is not None:
        refuse_taken(resolve_path(config.output.output_dir, Path()))  # before the data is read
    prepared = prepare_dataset(config, base, progress)
    return make_job(config, base, prepared, now=now, clock=clock, export_infer_config=export_infer_config)


def make_job(
    config: RunConfig,
    base: Path,
    prepared: Prepared,
    *,
    now: datetime,
    clock: float,
    export_infer_config: bool,
    target: Path | None = None,
    reopen: bool = False,
    parent: ParentRun | None = None,
    parent_folder: Path | None = None,
    additions: Mapping[str, Addition] | None = None,
) -> Job:
    """Return the run of data that is prepared; the arguments are as in `Job` and `RunOrigin`.

    Without `target` the config says where the run goes.
    """
    environment = describe_environment(base)
    keys = run_keys(config, base, prepared, environment.fingerprint_sha256, parent)
    target = target or target_folder(config, keys.run, now)
    origin = RunOrigin(
        key=keys.run,
        settings=keys.settings,
        categories=keys.categories,
        config_folder=folder_from(target, base),
        export_infer_config=export_infer_config,
        weights_sha256=weights_sha256(config, base),
        parent=parent,
    )
    return Job(
        config=config,
        base=base,
        prepared=prepared,
        origin=origin,
        environment=environment,
        target=target,
        now=now,
        clock=clock,
        reopen=reopen,
        additions=additions or {},
        parent_folder=parent_folder,
    )
