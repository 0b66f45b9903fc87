"""A suite: which detectors meet which data sets, under which seeds.

A person writes it in TOML or JSON, or it is made of a command's options. The tables of a detector, a data
set's `dataset` and the tables of `defaults` are those of a run config; paths in them are relative to the
suite's folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, fields
from attrs.validators import and_, deep_iterable, ge, le, min_len

from pyimgano_core.configfile import merge, read_document, structure_config
from pyimgano_core.contracts.config import (
    MAX_SEED,
    DatasetConfig,
    ExportConfig,
    ModelConfig,
    RunConfig,
    ThresholdConfig,
)
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ConfigError
from pyimgano_core.recipes import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attrs import Attribute

MAX_LABEL = 80
LABEL_RULE = f"1 to {MAX_LABEL} characters, all of them printable"
_DATASET_KEYS = {attribute.name for attribute in fields(DatasetConfig)}
_DETECTOR_TABLES: dict[str, type[Any]] = {
    "model": ModelConfig,
    "dataset": DatasetConfig,
    "threshold": ThresholdConfig,
    "export": ExportConfig,
}
_MISPLACED = ("dataset", "model", "threshold", "evaluation", "output", "export", "seed", "recipe")
_PREPROCESSING = ("resize", "sixteen_bit_range", "tiling")


def is_label(text: str) -> bool:
    """Say whether a name can stand in all outputs."""
    return text.isprintable() and 0 < len(text) <= MAX_LABEL


def _label(_instance: object, attribute: Attribute[Any], value: str) -> None:
    if not is_label(value):
        raise ValueError(f"'{attribute.name}' must have {LABEL_RULE}")


@define(frozen=True, kw_only=True)
class DetectorEntry:
    """A contender: its name in all results, and its tables, laid over those of `defaults` and the data set.

    `dataset` holds only how images come to the model: `resize`, `sixteen_bit_range` and `tiling`. All else of
    a data set, and what is measured, is the same for all contenders.
    """

    label: str = field(validator=_label)
    model: dict[str, Any] = field(factory=dict)
    dataset: dict[str, Any] = field(factory=dict)
    threshold: dict[str, Any] = field(factory=dict)
    export: dict[str, Any] = field(factory=dict)


@define(frozen=True, kw_only=True)
class DatasetEntry:
    """A data set: its name in all results, and its `dataset` table, laid over that of `defaults`.

    `categories` limits it to those named; empty means all that the suite allows.
    """

    label: str = field(validator=_label)
    dataset: dict[str, Any] = field(factory=dict)
    categories: tuple[str, ...] = field(default=())

    @categories.validator
    def _names_differ(self, attribute: Attribute[Any], value: tuple[str, ...]) -> None:
        _check_distinct(attribute, list(value), "values")


@define(frozen=True, kw_only=True)
class Suite:
    """Every detector meets every category of every data set under every seed.

    `description` is a line for people. `defaults` is a run config without its seed. `categories` limits the
    data sets to those named; empty means all of them.
    """

    description: str = ""
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
        ConfigError: with all problems, those of its tables too.
    """
    document = read_document(path)
    problems = [
        f"$.{key}: belongs into [defaults], [[detectors]] or [[datasets]] of a suite; "
        "a run config is run by pyimgano-train"
        for key in _MISPLACED
        if key in document
    ]
    if problems:
        raise ConfigError(problems, path)
    try:
        suite = structure_config(document, Suite)
    except ConfigError as exc:
        raise ConfigError([*exc.problems, *_table_problems(document)], path) from exc
    if problems := _table_problems(document):
        raise ConfigError(problems, path)
    return suite


def _table_problems(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the tables of run configs; what is no table, the suite's own check tells."""
    problems: list[str] = []
    for path, table, contract in _tables(document):
        try:
            structure(table, contract, known_only=True, path=path)
        except StructuringError as exc:
            problems += exc.problems
    if "seed" in _table(document.get("defaults")):
        problems.append("$.defaults.seed: write seeds = [...] at the top of the suite")
    for index, entry in _entries(document, "detectors"):
        problems += [
            f"$.detectors[{index}].dataset.{key}: all detectors meet the same images; write it in "
            "[[datasets]] or [defaults]"
            for key in _table(entry.get("dataset"))
            if key in _DATASET_KEYS - {*_PREPROCESSING}
        ]
    return problems


def _tables(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], type[Any]]]:
    yield "$.defaults", _table(document.get("defaults")), RunConfig
    for index, entry in _entries(document, "detectors"):
        for key, contract in _DETECTOR_TABLES.items():
            if contract is not ThresholdConfig:  # its keys mean something only together with those below
                yield f"$.detectors[{index}].{key}", _table(entry.get(key)), contract
    for index, entry in _entries(document, "datasets"):
        yield f"$.datasets[{index}].dataset", _table(entry.get("dataset")), DatasetConfig


def _entries(document: dict[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = document.get(key)
    yield from enumerate(map(_table, entries if isinstance(entries, list) else ()))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def run_config(
    suite: Suite, dataset: DatasetEntry, detector: DetectorEntry, seed: int, overrides: dict[str, Any]
) -> RunConfig:
    """Return the run config of one contender on one data set under one seed.

    Recipe, defaults, entries and overrides lie over each other in this order.

    Raises:
        ConfigError: with all problems.
    """
    document = merge(suite.defaults, {"dataset": dataset.dataset})
    document = merge(document, {key: getattr(detector, key) for key in _DETECTOR_TABLES})
    document = merge(merge(document, overrides), {"seed": seed})
    if isinstance(name := document.get("recipe"), str):
        document = merge(load_recipe(name).settings, document)
    return structure_config(document, RunConfig)
