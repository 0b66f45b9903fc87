"""Runs all checks over the data set of a config: what `pyimgano-train --preflight` and the command call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.errors import DataError
from pyimgano_core.preparation import inspect_dataset
from pyimgano_preflight._checks import CHECKS, check_states
from pyimgano_preflight._inspection import Inspection, manifest_path
from pyimgano_preflight._report import build_report, data_error_issues, describe_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_core.progress import Progress


def run_preflight(config: RunConfig, base: Path, progress: Progress) -> PreflightReport:
    """Return everything that is wrong with the data set of `config`. Nothing is written.

    Args:
        config: the run config.
        base: the folder that its relative paths start from.
        progress: shows the reading of files.

    Returns:
        The report; a data set that can't be opened gives one, too.

    Raises:
        ConfigError: the config can't be followed.
        MachineError: the storage failed.
    """
    try:
        prepared = inspect_dataset(config, base, progress)
    except DataError as exc:
        return build_report(
            data_error_issues(exc),
            dataset=describe_dataset(config, base, None),
            checks=check_states(config, None),
        )
    inspection = Inspection(config=config, base=base, prepared=prepared, progress=progress)
    manifest = manifest_path(config, base)
    return build_report(
        [issue for check in CHECKS for issue in check(inspection)],
        dataset=describe_dataset(config, base, prepared),
        categories=prepared.categories,
        checks=check_states(config, prepared),
        manifest=None if manifest is None else str(manifest),
    )
