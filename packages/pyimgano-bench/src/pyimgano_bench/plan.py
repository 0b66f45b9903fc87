"""From a suite to its cells: every mistake that can be seen before the first fit is found here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve

from pyimgano_bench.suite import run_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.detectors import create_detector
from pyimgano_core.errors import ConfigError, UsageError
from pyimgano_core.layouts import list_categories

if TYPE_CHECKING:
    from pyimgano_bench.suite import Suite

_ALL = "all"


@define(frozen=True, kw_only=True)
class Contender:
    """A detector, as one data set and seed meet it."""

    label: str
    config: RunConfig


@define(frozen=True, kw_only=True)
class Round:
    """One data set under one seed: it is prepared once, for all contenders."""

    dataset: str
    seed: int
    categories: tuple[str, ...]
    contenders: tuple[Contender, ...]

    @property
    def config(self) -> RunConfig:
        """The config that the data set is prepared with; contenders differ in their model only."""
        return self.contenders[0].config


@define(frozen=True, kw_only=True)
class Plan:
    """All rounds in the order of their running; `base` is where relative paths start from."""

    rounds: tuple[Round, ...]
    base: Path

    @property
    def cell_count(self) -> int:
        """How many cells there are to fill."""
        return sum(len(round_.categories) * len(round_.contenders) for round_ in self.rounds)


def make_plan(suite: Suite, overrides: dict[str, Any], base: Path) -> Plan:
    """Return the plan of a suite.

    Args:
        suite: the suite.
        overrides: tables of a run config that are laid over every run's.
        base: the folder that relative paths start from.

    Raises:
        ConfigError: with all problems of all runs.
        UsageError: where the suite asks for what only the workbench does.
        DataError: where a data set has no categories.
    """
    configs = _structure_configs(suite, overrides)
    for config in configs.values():
        refuse_workbench_only(config)
    _check_detectors(suite, configs, base)
    found = _list_categories(suite, configs, base)
    chosen = _choose_categories(suite, configs, found)
    rounds = [
        Round(
            dataset=dataset.label,
            seed=seed,
            categories=categories,
            contenders=tuple(
                Contender(
                    label=detector.label,
                    config=_narrow(
                        evolve(configs[dataset.label, detector.label], seed=seed),
                        categories,
                        found[dataset.label],
                    ),
                )
                for detector in suite.detectors
            ),
        )
        for dataset in suite.datasets
        for seed in suite.seeds
        if (categories := chosen[dataset.label])
    ]
    if not rounds:
        raise ConfigError(["$.categories: none of them is in what the data sets are limited to"])
    return Plan(rounds=tuple(rounds), base=base)


def find_categories(suite: Suite, overrides: dict[str, Any], base: Path) -> dict[str, tuple[str, ...]]:
    """Return the names of all categories of each data set of a suite, by its label."""
    return _list_categories(suite, _structure_configs(suite, overrides), base)


def refuse_workbench_only(config: RunConfig) -> None:
    """Refuse what a benchmark does not do.

    Raises:
        UsageError: where the config asks for it.
    """
    if config.output.save_maps:
        raise UsageError(
            "output.save_maps can't run in benchmark mode, which keeps scores and no maps; "
            "use the workbench: pyimgano-train"
        )
    if config.output.output_dir is not None:
        raise UsageError("output.output_dir is a single run's; say where a benchmark goes with --output-dir")


def _structure_configs(suite: Suite, overrides: dict[str, Any]) -> dict[tuple[str, str], RunConfig]:
    """Return a config per data set and detector, under the first seed."""
    if "seed" in overrides:
        raise ConfigError(["$.seed: a benchmark has several; give each with --seed"])
    configs: dict[tuple[str, str], RunConfig] = {}
    problems: dict[str, None] = {}
    for dataset in suite.datasets:
        for detector in suite.detectors:
            try:
                config = run_config(suite, dataset, detector, suite.seeds[0], overrides)
            except ConfigError as exc:
                problems |= dict.fromkeys(exc.problems)
            else:
                configs[dataset.label, detector.label] = config
    if problems:
        raise ConfigError(tuple(problems))
    return configs


def _check_detectors(suite: Suite, configs: dict[tuple[str, str], RunConfig], base: Path) -> None:
    problems: list[str] = []
    for detector in suite.detectors:
        config = configs[suite.datasets[0].label, detector.label]
        try:
            create_detector(config.model, base)
        except ConfigError as exc:
            problems += [f"detector {detector.label!r}: {problem}" for problem in exc.problems]
    if problems:
        raise ConfigError(problems)


def _list_categories(
    suite: Suite, configs: dict[tuple[str, str], RunConfig], base: Path
) -> dict[str, tuple[str, ...]]:
    first = suite.detectors[0].label
    return {
        dataset.label: list_categories(configs[dataset.label, first].dataset, base)
        for dataset in suite.datasets
    }


def _choose_categories(
    suite: Suite, configs: dict[tuple[str, str], RunConfig], found: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the categories to run, by data set; a name that no data set has is an error."""
    problems = [
        f"$.categories: {_unknown(name, [name for names in found.values() for name in names])}"
        for name in suite.categories
        if name != _ALL and not any(name in names for names in found.values())
    ]
    chosen = {}
    for label, names in found.items():
        own = configs[label, suite.detectors[0].label].dataset.category
        if own not in {_ALL, *names}:
            problems.append(f"$.dataset.category: {_unknown(own, names)}")
        asked = _ALL in suite.categories or not suite.categories
        chosen[label] = tuple(
            name for name in names if own in {_ALL, name} and (asked or name in suite.categories)
        )
    if problems:
        raise ConfigError(problems)
    return chosen


def _unknown(name: str, known: list[str] | tuple[str, ...]) -> str:
    return f"{name!r} is none of {', '.join(map(repr, known))}"


def _narrow(config: RunConfig, chosen: tuple[str, ...], found: tuple[str, ...]) -> RunConfig:
    """Load one category alone where only one is asked for, as training does."""
    category = chosen[0] if len(chosen) == 1 and len(found) > 1 else _ALL
    return evolve(config, dataset=evolve(config.dataset, category=category))
