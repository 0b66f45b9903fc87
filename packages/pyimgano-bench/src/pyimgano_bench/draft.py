"""A suite looked at before anything runs: its configs and categories, and all mistakes that can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_bench.suite import run_config
from pyimgano_core.contracts.config import ModelConfig, RunConfig
from pyimgano_core.detectors import check_model
from pyimgano_core.errors import ConfigError, PyimganoError
from pyimgano_core.layouts import list_categories

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_bench.suite import Suite

ALL = "all"

Configs = dict[tuple[str, str], RunConfig]
"""A config for each data set and detector, by their labels, under the suite's first seed."""
Categories = dict[str, tuple[str, ...]]
"""Names of categories by the label of their data set."""


@define(frozen=True, kw_only=True)
class Draft:
    """What is known of a suite before it runs.

    Attributes:
        configs: those that can be made.
        found: all categories of the data sets that can be listed.
        chosen: those that are to run.
        problems: mistakes of the suite, each with the path of its key.
        errors: what keeps data sets from being listed and detectors from being made.
    """

    configs: Configs
    found: Categories
    chosen: Categories
    problems: tuple[str, ...]
    errors: tuple[PyimganoError, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """All that keeps the suite from running, in words."""
        return (*self.problems, *map(str, self.errors))

    def require_none(self) -> None:
        """Raise what keeps the suite from running.

        Raises:
            ConfigError: with all problems.
            PyimganoError: the first of the other errors, where there is no problem.
        """
        if self.problems:
            raise ConfigError(self.problems)
        for error in self.errors:
            raise error


def draft_suite(suite: Suite, overrides: dict[str, Any], base: Path) -> Draft:
    """Look at a suite, and go on past every mistake.

    Args:
        suite: the suite.
        overrides: tables of a run config that are laid over every run's.
        base: the folder that relative paths start from.
    """
    configs, problems = structure_configs(suite, overrides)
    errors: list[PyimganoError] = []
    problems |= dict.fromkeys(text for config in configs.values() for text in _workbench_only(config))
    problems |= dict.fromkeys(_detector_problems(configs, base, errors))
    found, unlisted = list_found(suite, configs, base)
    chosen, unknown = choose_categories(suite, configs, found)
    if not any(chosen.values()) and not (problems or unlisted or unknown):
        unknown = ["$.categories: none of them is in what the data sets are limited to"]
    for error in unlisted:
        if isinstance(error, ConfigError):
            unknown += error.problems
        else:
            errors.append(error)
    return Draft(
        configs=configs,
        found=found,
        chosen=chosen,
        problems=(*problems, *unknown),
        errors=tuple(errors),
    )


def structure_configs(suite: Suite, overrides: dict[str, Any]) -> tuple[Configs, dict[str, None]]:
    """Return the configs that can be made, and the problems of the others, each once."""
    if "seed" in overrides:
        return {}, {"$.seed: a benchmark has several; give each with --seed": None}
    configs: Configs = {}
    problems: dict[str, None] = {}
    for dataset in suite.datasets:
        for detector in suite.detectors:
            try:
                config = run_config(suite, dataset, detector, suite.seeds[0], overrides)
            except ConfigError as exc:
                problems |= dict.fromkeys(exc.problems)
            else:
                configs[dataset.label, detector.label] = config
    return configs, problems


def list_found(suite: Suite, configs: Configs, base: Path) -> tuple[Categories, list[PyimganoError]]:
    """Return all categories of the data sets, and why others can't be listed."""
    found: Categories = {}
    errors: list[PyimganoError] = []
    for dataset in suite.datasets:
        config = _any_config(dataset.label, configs)
        if config is None:
            continue
        try:
            found[dataset.label] = list_categories(config.dataset, base)
        except PyimganoError as exc:
            errors.append(exc)
    return found, errors


def _any_config(dataset: str, configs: Configs) -> RunConfig | None:
    """Return one of a data set's configs; all of them see the same images."""
    return next((config for (label, _), config in configs.items() if label == dataset), None)


def _workbench_only(config: RunConfig) -> list[str]:
    problems = []
    if config.output.save_maps:
        problems.append(
            "$.output.save_maps: can't run in benchmark mode, which keeps scores and no maps; "
            "use the workbench: pyimgano-train"
        )
    if config.output.output_dir is not None:
        problems.append(
            "$.output.output_dir: is a single run's; say where a benchmark goes with --output-dir"
        )
    return problems


def _detector_problems(configs: Configs, base: Path, errors: list[PyimganoError]) -> list[str]:
    problems: list[str] = []
    checked: list[tuple[str, ModelConfig, tuple[int, int]]] = []
    for (_, label), config in configs.items():
        model = (label, config.model, config.dataset.resize)
        if model in checked:
            continue
        checked.append(model)
        try:
            check_model(config.model, config.dataset.resize, base)
        except ConfigError as exc:
            problems += [f"detector {label!r}: {problem}" for problem in exc.problems]
        except PyimganoError as exc:
            errors.append(exc)
    return problems


def choose_categories(suite: Suite, configs: Configs, found: Categories) -> tuple[Categories, list[str]]:
    """Return the categories to run, and the names that no data set has."""
    known = [name for names in found.values() for name in names]
    is_listed = len(found) == len(suite.datasets)  # else a name may be another data set's
    problems = [
        f"$.categories: {_unknown(name, known)}"
        for name in suite.categories
        if is_listed and name != ALL and name not in known
    ]
    chosen: Categories = {}
    for index, dataset in enumerate(suite.datasets):
        names = found.get(dataset.label, ())
        config = _any_config(dataset.label, configs)
        own = ALL if config is None else config.dataset.category
        if names and own not in {ALL, *names}:
            problems.append(f"$.dataset.category: {_unknown(own, names)}")
        problems += [
            f"$.datasets[{index}].categories: {_unknown(name, names)}"
            for name in dataset.categories
            if names and name != ALL and name not in names
        ]
        limits = [set(limit) for limit in (suite.categories, dataset.categories, (own,)) if limit]
        chosen[dataset.label] = tuple(name for name in names if all(limit & {ALL, name} for limit in limits))
    return chosen, problems


def _unknown(name: str, known: list[str] | tuple[str, ...]) -> str:
    return f"{name!r} is none of {', '.join(map(repr, known))}"
