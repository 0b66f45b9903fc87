"""From a suite to its cells, in the order of their telling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field
from attrs.validators import ge, optional

from pyimgano_bench.draft import ALL, Draft, draft_suite, list_found, structure_configs
from pyimgano_core.contracts.config import DatasetConfig, ExportConfig, ModelConfig, RunConfig
from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_bench.suite import DatasetEntry, Suite


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
        """The config that the data set is prepared with; contenders differ in what does not touch that."""
        return self.contenders[0].config


@define(frozen=True, kw_only=True)
class Place:
    """A cell of a plan: which round, which of its categories, and which of its contenders."""

    round: int
    category: str
    contender: int


@define(frozen=True, kw_only=True)
class Plan:
    """All rounds in the order of their running; `base` is where relative paths start from.

    With a `limit` it is a trial: of each category only so many test images, and the others in proportion.
    """

    rounds: tuple[Round, ...]
    base: Path
    limit: int | None = field(default=None, validator=optional(ge(2)))

    @property
    def cell_count(self) -> int:
        """How many cells there are to fill."""
        return sum(len(round_.categories) * len(round_.contenders) for round_ in self.rounds)

    def places(self) -> Iterator[Place]:
        """Yield all cells, those of a round one after the other."""
        for index, round_ in enumerate(self.rounds):
            for category in round_.categories:
                for contender in range(len(round_.contenders)):
                    yield Place(round=index, category=category, contender=contender)


def make_plan(suite: Suite, overrides: dict[str, Any], base: Path, limit: int | None = None) -> Plan:
    """Return the plan of a suite.

    Args:
        suite: the suite.
        overrides: tables of a run config that are laid over every run's.
        base: the folder that relative paths start from.
        limit: how many test images of a category a trial has; None for all.

    Raises:
        ConfigError: with all problems of all runs, what only the workbench does among them.
        DataError: where a data set has no categories.
        MachineError: where the storage failed, or a detector's package is missing.
    """
    draft = draft_suite(suite, overrides, base)
    draft.require_none()
    rounds = (
        round_
        for dataset in suite.datasets
        for seed in suite.seeds
        for round_ in _rounds(suite, dataset, seed, draft)
    )
    return Plan(rounds=tuple(rounds), base=base, limit=limit)


def find_categories(suite: Suite, overrides: dict[str, Any], base: Path) -> dict[str, tuple[str, ...]]:
    """Return the names of all categories of each data set of a suite, by its label."""
    configs, problems = structure_configs(suite, overrides)
    if problems:
        raise ConfigError(tuple(problems))
    found, errors = list_found(suite, configs, base)
    for error in errors:
        raise error
    return found


def _rounds(suite: Suite, dataset: DatasetEntry, seed: int, draft: Draft) -> Iterator[Round]:
    """Yield the rounds of a data set under a seed: one, unless contenders have thresholds of their own."""
    categories, found = draft.chosen[dataset.label], draft.found[dataset.label]
    if not categories:
        return
    alike: list[tuple[RunConfig, list[Contender]]] = []
    for detector in suite.detectors:
        config = evolve(draft.configs[dataset.label, detector.label], seed=seed)
        contender = Contender(label=detector.label, config=_narrow(config, categories, found))
        prepared = _as_prepared(contender.config)
        group = next((group for other, group in alike if other == prepared), None)
        if group is None:
            alike.append((prepared, [contender]))
        else:
            group.append(contender)
    for _, group in alike:
        yield Round(dataset=dataset.label, seed=seed, categories=categories, contenders=tuple(group))


def _as_prepared(config: RunConfig) -> RunConfig:
    """Return a config without what preparing a data set does not look at."""
    blank = DatasetConfig()
    dataset = evolve(
        config.dataset, resize=blank.resize, sixteen_bit_range=blank.sixteen_bit_range, tiling=blank.tiling
    )
    return evolve(config, dataset=dataset, model=ModelConfig(), export=ExportConfig())


def _narrow(config: RunConfig, chosen: Sequence[str], found: Sequence[str]) -> RunConfig:
    """Load one category alone where only one is asked for, as training does."""
    category = chosen[0] if len(chosen) == 1 and len(found) > 1 else ALL
    return evolve(config, dataset=evolve(config.dataset, category=category))
