"""From the data set that a config names to samples with their files found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.dataset import LoadedDataset
from pyimgano_core.errors import ConfigError, DataError
from pyimgano_core.layouts._build import build_records
from pyimgano_core.layouts.demo import MANIFEST_NAME, demo_root, write_demo
from pyimgano_core.manifest import Rows, SampleTable, categories_of, load_manifest, take

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.config import DatasetConfig

ALL_CATEGORIES = "all"


def load_dataset(config: DatasetConfig, base: Path) -> LoadedDataset:
    """Return the samples of the data set, or of the one category that the config names.

    Args:
        config: which data set.
        base: the folder that relative paths of the config start from.

    Raises:
        ConfigError: a setting is missing, or the data set has no such category.
        DataError: the manifest is missing or unreadable.
        MachineError: the storage failed.
    """
    loaded = _load_all(config, base)
    categories = categories_of(loaded.samples)
    loaded = evolve(loaded, categories=tuple(categories))
    if config.category == ALL_CATEGORIES or not loaded.samples:
        return loaded
    if config.category not in {*categories, *(issue.category for issue in loaded.issues)}:
        known = ", ".join(map(repr, categories))
        raise ConfigError([f"$.dataset.category: {config.category!r} is none of {known} or 'all'"])
    return evolve(
        loaded,
        samples=take(loaded.samples, categories.get(config.category, np.empty(0, np.int32))),
        issues=tuple(issue for issue in loaded.issues if issue.category in (None, config.category)),
    )


def list_categories(config: DatasetConfig, base: Path) -> tuple[str, ...]:
    """Return the names of all categories of the data set, sorted; the config's own choice does not matter.

    Raises:
        DataError: there are none, or the manifest is missing; `issues` say why.
        ConfigError: a setting is missing.
        MachineError: the storage failed.
    """
    loaded = _load_all(config, base)
    names = tuple(categories_of(loaded.samples))
    if not names:
        reason = loaded.issues[0].message if loaded.issues else "it is empty"
        raise DataError(f"the data set has no categories: {reason}", loaded.issues)
    return names


def _load_all(config: DatasetConfig, base: Path) -> LoadedDataset:
    root = None if config.root is None else resolve_path(config.root, base)
    if config.name == "demo":
        return load_manifest(write_demo(root or demo_root()) / MANIFEST_NAME)
    if config.name == "manifest":
        if config.manifest_path is None:
            raise ConfigError(['$.dataset.manifest_path: is needed with name = "manifest"'])
        return load_manifest(resolve_path(config.manifest_path, base), root)
    if root is None:
        raise ConfigError([f'$.dataset.root: is needed with name = "{config.name}"'])
    found = build_records(config.name, root)
    rows = Rows(root.absolute())
    for record in found.records:
        rows.add(record)
    return LoadedDataset(samples=SampleTable(rows), issues=found.issues)
