"""On which images an artifact is measured: one data set under one seed, split as training splits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve

from pyimgano_bench.draft import ALL, choose_categories, list_found, structure_configs
from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.errors import ConfigError, DataError, UsageError
from pyimgano_core.interest import with_absolute_masks
from pyimgano_core.preparation import inspect_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_bench.flags import Request
    from pyimgano_core.contracts.config import DatasetConfig
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress

_DECIDED = ("model", "threshold", "export")
_DECIDED_OF_DATASET = ("resize", "sixteen_bit_range", "tiling", "regions", "ignore")
_NOTHING_TO_TRAIN_ON = "PF706"


@define(frozen=True, kw_only=True)
class Data:
    """The data set's label, how it is read (its paths are absolute), and the categories that were chosen."""

    label: str
    config: RunConfig
    categories: tuple[str, ...]


def choose_data(request: Request) -> Data:
    """Return what a request asks to measure on.

    Raises:
        ConfigError: with all problems.
        DataError: the data set has no categories.
        UsageError: there are several data sets or seeds, or settings that the artifact decides.
    """
    suite = request.suite
    if len(suite.datasets) > 1 or len(suite.seeds) > 1:
        raise UsageError("an artifact is measured on one data set under one seed; name one of each")
    if named := list(_decided(request.overrides)):
        raise UsageError(f"{', '.join(named)}: the artifact decides that; leave it out")
    configs, problems = structure_configs(suite, request.overrides)
    if problems:
        raise ConfigError(tuple(problems))
    found, errors = list_found(suite, configs, request.base)
    for error in errors:
        raise error
    chosen, unknown = choose_categories(suite, configs, found)
    if unknown:
        raise ConfigError(unknown)
    label = suite.datasets[0].label
    categories = chosen[label]
    config = configs[label, suite.detectors[0].label]
    alone = categories[0] if len(categories) == 1 and len(found[label]) > 1 else ALL
    dataset = evolve(_absolute(config.dataset, request.base), category=alone)
    return Data(label=label, config=evolve(config, dataset=dataset), categories=categories)


def _decided(overrides: dict[str, Any]) -> Iterator[str]:
    yield from (f"$.{table}" for table in _DECIDED if table in overrides)
    yield from (f"$.dataset.{key}" for key in _DECIDED_OF_DATASET if key in overrides.get("dataset", {}))


def _absolute(dataset: DatasetConfig, base: Path) -> DatasetConfig:
    """Return the data set with paths that are found from any folder."""
    root, manifest = (
        None if text is None else str(resolve_path(text, base).absolute())
        for text in (dataset.root, dataset.manifest_path)
    )
    return evolve(with_absolute_masks(dataset, base), root=root, manifest_path=manifest)


def prepare_data(data: Data, progress: Progress) -> Prepared:
    """Return the data set, ready to be measured on; one without train images will do.

    Raises:
        DataError: with every error of the data set.
        UsageError: a category has no test images.
    """
    prepared = inspect_dataset(data.config, Path(), progress)
    errors = [issue for issue in prepared.errors if issue.code != _NOTHING_TO_TRAIN_ON]
    if errors:
        raise DataError("the data set has errors; see more with pyimgano-preflight", errors)
    categories = tuple(each for each in prepared.categories if each.split.category in data.categories)
    untested = [each.split.category for each in categories if not each.split.test]
    if untested:
        names = ", ".join(map(repr, untested))
        raise UsageError(f"category {names} has no test images, so there is nothing to measure; add some")
    return evolve(prepared, categories=categories)
