"""Which run this is: the keys that tell it from others, and the folder that it goes to."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve

from pyimgano_core.artifacts import sha256_file, to_json
from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.interest import interest_files
from pyimgano_core.manifest import category_slug
from pyimgano_workbench.rundir import is_unfinished, partial_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.report import ParentRun
    from pyimgano_core.preparation import Prepared, PreparedCategory

_RUNS = Path("runs")


@define(frozen=True, kw_only=True)
class RunKeys:
    """What the results depend on, as SHA-256: all of it, what categories share, and each category by slug."""

    run: str
    settings: str
    categories: dict[str, str]


def run_keys(
    config: RunConfig, base: Path, prepared: Prepared, environment: str, parent: ParentRun | None = None
) -> RunKeys:
    """Return what tells a run from others.

    Args:
        config: the run config; where the output goes does not matter.
        base: the folder that its relative paths start from. Files of weights and of regions of interest count
            by their content.
        prepared: the data set, with its records, their order and the contents of their files.
        environment: what tells one environment from another.
        parent: the run that an update goes on from.
    """
    settings = _sha256(
        {
            "config": unstructure(evolve(config, output=evolve(config.output, output_dir=None))),
            "weights": weights_sha256(config, base),
            "regions": [sha256_file(mask) for mask in interest_files(config.dataset, base)],
            "environment": environment,
            "parent": parent,
        }
    )
    categories = {
        category_slug(category.split.category): _category_key(settings, category, prepared.hashes)
        for category in prepared.categories
    }
    return RunKeys(run=_sha256([settings, categories]), settings=settings, categories=categories)


def weights_sha256(config: RunConfig, base: Path) -> str | None:
    """Return what identifies the file of the features' weights; None where no file is named."""
    weights = config.model.features.weights
    path = None if weights is None else resolve_path(weights, base)
    return sha256_file(path) if path is not None and path.is_file() else None


def _category_key(settings: str, category: PreparedCategory, hashes: Mapping[Path, str]) -> str:
    split = category.split
    records = {role: [sample.record for sample in samples] for role, samples in split.by_role}
    return _sha256([settings, fingerprint(split, hashes).sha256, records])


def _sha256(document: Any) -> str:
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
