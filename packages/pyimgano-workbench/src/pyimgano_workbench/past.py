"""A run directory read again, to go on with it, to repeat it or to update it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.configfile import merge, nest, parse_override, read_document, structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.report import RunReport
from pyimgano_core.errors import UsageError
from pyimgano_workbench.origin import RunOrigin
from pyimgano_workbench.rundir import CONFIG, ORIGIN, REPORT, partial_of, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@define(frozen=True, kw_only=True)
class PastRun:
    """A run of which there is a directory.

    Attributes:
        target: its final path.
        folder: where it is; while it is unfinished, beside its final path.
        config: its config.
        base: the folder that the config's relative paths start from.
        origin: which run it is.
    """

    target: Path
    folder: Path
    config: RunConfig
    base: Path
    origin: RunOrigin

    @property
    def is_finished(self) -> bool:
        """Whether it is whole; some of its categories may have failed."""
        return self.folder == self.target


def read_past(
    run: Path, overrides: Sequence[str] = (), settings: Mapping[str, object] | None = None
) -> PastRun:
    """Return a run, finished or not.

    Args:
        run: its directory.
        overrides: `dotted.key=value`, laid over its config.
        settings: values by dotted key, laid over that.

    Raises:
        ArtifactError: a file of it is missing or torn.
        ConfigError: the overrides are wrong.
        UsageError: there is no run directory.
    """
    target = target_of(run)
    folder = next((each for each in (partial_of(target), target) if each.is_dir()), None)
    if folder is None:
        raise UsageError(f"{run}: no such run directory")
    if not (folder / ORIGIN).is_file():
        raise UsageError(f"{folder} is no run directory: it has no {ORIGIN}")
    origin = read_artifact(folder / ORIGIN, RunOrigin)
    document = read_document(folder / CONFIG)
    for override in overrides:
        document = merge(document, parse_override(override))
    for key, value in (settings or {}).items():
        document = merge(document, nest(key, value))
    config = structure_config(document, RunConfig, folder / CONFIG)
    base = (folder / origin.config_folder).resolve()
    return PastRun(target=target, folder=folder, config=config, base=base, origin=origin)


def finished_report(past: PastRun) -> RunReport:
    """Return the report of a run that must be whole.

    Raises:
        ArtifactError: it is missing or torn.
        UsageError: the run is unfinished.
    """
    if not past.is_finished:
        raise UsageError(f"{past.folder} is not finished; finish it with --resume {past.target}")
    return read_artifact(past.folder / REPORT, RunReport)


def to_new_folder(config: RunConfig, output_dir: str | None) -> RunConfig:
    """Return the config of a run that goes elsewhere: to a new folder under `runs/` unless one is named."""
    return evolve(config, output=evolve(config.output, output_dir=output_dir))
