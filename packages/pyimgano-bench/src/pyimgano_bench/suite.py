"""A suite: which detectors meet which data sets, under which seeds.

A person writes it in TOML or JSON, or it is made of a command's options. A detector's `model`, a data set's
`dataset` and the tables of `defaults` are those of a run config; paths in them are relative to the suite's
folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, le, matches_re, max_len, min_len

from pyimgano_core.configfile import merge, read_document, structure_config
from pyimgano_core.contracts.config import MAX_SEED, DatasetConfig, ModelConfig, RunConfig
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ConfigError
from pyimgano_core.recipes import load_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from attrs import Attribute

_MAX_LABEL = 80
_label = and_(matches_re(r"[^\x00-\x1f\x7f-\x9f]+"), max_len(_MAX_LABEL))
_MISPLACED = ("dataset", "model", "threshold", "evaluation", "output", "seed", "recipe")


@define(frozen=True, kw_only=True)
class DetectorEntry:
    """A contender: its name in all results, and its `model` table, laid over that of `defaults`."""

    label: str = field(validator=_label)
    model: dict[str, Any] = field(factory=dict)


@define(frozen=True, kw_only=True)
class DatasetEntry:
    """A data set: its name in all results, and its `dataset` table, laid over that of `defaults`."""

    label: str = field(validator=_label)
    dataset: dict[str, Any] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Suite:
    """Every detector meets every category of every data set under every seed.

    `defaults` is a run config without its seed. `categories` limits the data sets to those named; empty means
    all of them.
    """

    defaults: dict[str, Any] = field(factory=dict)
    detectors: tuple[DetectorEntry, ...] = field(validator=min_len(1))
    datasets: tuple[DatasetEntry, ...] = field(validator=min_len(1))
    seeds: tuple[int, ...] = field(
        default=(0,), validator=and_(min_len(1), deep_iterable(and_(ge(0), le(MAX_SEED))))
    )
    categories: tuple[str, ...] = field(default=())

    @detectors.validator
    @datasets.validator
    def _labels_differ(self, attribute: Attribute[Any], value: tuple[Any, ...]) -> None:
        _check_distinct(attribute, [entry.label for entry in value], "labels")

    @seeds.validator
    @categories.validator
    def _values_differ(self, attribute: Attribute[Any], value: tuple[Any, ...]) -> None:
        _check_distinct(attribute, list(value), "values")


def _check_distinct(attribute: Attribute[Any], values: list[Any], what: str) -> None:
    repeated = [value for index, value in enumerate(values) if value in values[:index]]
    if repeated:
        raise ValueError(f"'{attribute.name}' must have {what} that differ; {repeated[0]!r} is repeated")


def load_suite(path: Path) -> Suite:
    """Return the suite in a file, each of its tables checked.

    Raises:
        ConfigError: with all problems.
    """
    document = read_document(path)
    misplaced = [key for key in _MISPLACED if key in document]
    if misplaced:
        raise ConfigError(
            [
                f"$.{key}: belongs into [defaults], [[detectors]] or [[datasets]] of a suite; "
                "a run config is run by pyimgano-train"
                for key in misplaced
            ],
            path,
        )
    suite = structure_config(document, Suite, path)
    if problems := _table_problems(suite):
        raise ConfigError(problems, path)
    return suite


def _table_problems(suite: Suite) -> list[str]:
    tables: list[tuple[str, dict[str, Any], type[Any]]] = [("$.defaults", suite.defaults, RunConfig)]
    tables += [
        (f"$.detectors[{index}].model", entry.model, ModelConfig)
        for index, entry in enumerate(suite.detectors)
    ]
    tables += [
        (f"$.datasets[{index}].dataset", entry.dataset, DatasetConfig)
        for index, entry in enumerate(suite.datasets)
    ]
    problems: list[str] = []
    for path, table, contract in tables:
        try:
            structure(table, contract, known_only=True, path=path)
        except StructuringError as exc:
            problems += exc.problems
    if "seed" in suite.defaults:
        problems.append("$.defaults.seed: write seeds = [...] at the top of the suite")
    return problems


def run_config(
    suite: Suite, dataset: DatasetEntry, detector: DetectorEntry, seed: int, overrides: dict[str, Any]
) -> RunConfig:
    """Return the run config of one contender on one data set under one seed.

    Recipe, defaults, entries and overrides lie over each other in this order.

    Raises:
        ConfigError: with all problems.
    """
    document = merge(suite.defaults, {"dataset": dataset.dataset, "model": detector.model})
    document = merge(merge(document, overrides), {"seed": seed})
    if isinstance(name := document.get("recipe"), str):
        document = merge(load_recipe(name).settings, document)
    return structure_config(document, RunConfig)
