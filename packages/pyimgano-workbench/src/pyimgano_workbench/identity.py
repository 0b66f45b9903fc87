"""Which run this is: the key that tells it from others, and the folder that it goes to."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import sha256_file, to_json
from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.manifest import category_slug
from pyimgano_workbench.rundir import is_unfinished, partial_of

if TYPE_CHECKING:
    from datetime import datetime

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.preparation import Prepared

_RUNS = Path("runs")


def run_key(config: RunConfig, base: Path, prepared: Prepared, environment: str) -> str:
    """Return a SHA-256 over all that the results depend on.

    Args:
        config: the run config; where the output goes does not matter.
        base: the folder that its relative paths start from. A file of weights counts by its content.
        prepared: the data set, with its records, their order and the contents of their files.
        environment: what tells one environment from another.
    """
    weights = config.model.features.weights
    path = None if weights is None else resolve_path(weights, base)
    document = {
        "config": unstructure(evolve(config, output=evolve(config.output, output_dir=None))),
        "weights": sha256_file(path) if path is not None and path.is_file() else None,
        "data": [fingerprint(category.split, prepared.hashes).sha256 for category in prepared.categories],
        "records": [unstructure(sample.record) for sample in prepared.samples],
        "environment": environment,
    }
    return hashlib.sha256(to_json(document).encode()).hexdigest()


def target_folder(config: RunConfig, key: str, now: datetime) -> Path:
    """Return the folder of the run.

    That is `output.output_dir`, else that of the same run where it was left unfinished under `runs/`, else a
    new one there.
    """
    if config.output.output_dir is not None:
        return resolve_path(config.output.output_dir, Path())
    unfinished = (path.with_suffix("") for path in sorted(_RUNS.glob("*.partial")))
    resumed = next((target for target in unfinished if is_unfinished(target, key)), None)
    return resumed or _free(default_name(config, now))


def default_name(config: RunConfig, now: datetime) -> str:
    """Return `YYYYmmdd_HHMMSS_<dataset>_<recipe>_<model>[_<category>]`."""
    parts = [now.strftime("%Y%m%d_%H%M%S"), config.dataset.name, config.recipe, config.model.name]
    if config.dataset.category != "all":
        parts.append(category_slug(config.dataset.category))
    return "_".join(part for part in parts if part)


def _free(name: str) -> Path:
    """Return a folder that no run of the same second has taken."""
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    paths = (_RUNS / each for each in names)
    return next(path for path in paths if not path.exists() and not partial_of(path).exists())
