"""A suite and its overrides from the options of one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import define, evolve

from pyimgano_bench.shipped import load_shipped
from pyimgano_bench.suite import MAX_LABEL, Suite, load_suite
from pyimgano_core.configfile import merge, nest, parse_override, structure_config
from pyimgano_core.contracts.config import ModelConfig
from pyimgano_core.contracts.structuring import unknown, unstructure
from pyimgano_core.errors import ConfigError, UsageError

# These describe a single data set and its features, which a suite does itself.
_OF_ONE_RUN = {
    "dataset.name": "--dataset",
    "dataset.root": "--root",
    "dataset.manifest_path": "--manifest-path",
    "model.features.backbone": "--backbone",
    "model.features.weights": "--weights",
    "model.features.layers": "--layers",
}
_ROOT = "dataset.root"
_WITHOUT_ROOT = frozenset({"manifest", "demo"})


@define(frozen=True, kw_only=True)
class Request:
    """A suite, the tables that are laid over every run of it, and the folder that its paths start from."""

    suite: Suite
    overrides: dict[str, Any]
    base: Path


def read_suite(
    path: Path | None,
    given: dict[str, Any],
    *,
    name: str | None = None,
    detectors: tuple[str, ...],
    categories: tuple[str, ...],
    seeds: tuple[int, ...],
) -> Suite:
    """Return the suite of a file or a name, narrowed by options, or the one that the options describe.

    Args:
        path: the suite's file, if there is one.
        given: values of the options that set a key of the run config, by its dotted name.
        name: that of a shipped suite, if there is one.
        detectors: the detectors to run; of a suite, those of its labels.
        categories: the categories to run; empty is all.
        seeds: the seeds; empty is the suite's own, or 0.

    Raises:
        ConfigError: with all problems of the suite.
        UsageError: where the options can't be followed.
    """
    if path is not None and name is not None:
        raise UsageError("--config and --suite name two suites; give one of them")
    if path is not None:
        _refuse(given, _OF_ONE_RUN, "--config")
        suite = _select_detectors(load_suite(path), detectors)
    elif name is not None:
        suite = _select_detectors(_shipped(name, given), detectors)
    else:
        suite = _suite_of_options(given, detectors or (ModelConfig().name,))
    changes = {name: list(value) for name, value in (("categories", categories), ("seeds", seeds)) if value}
    return _restructured(suite, changes)


def overrides_of(given: dict[str, Any], settings: tuple[str, ...]) -> dict[str, Any]:
    """Return the tables that options and `key=value` settings lay over every run, the latter on top."""
    document: dict[str, Any] = {}
    for key, value in given.items():
        document = merge(document, nest(key, value))
    for setting in settings:
        document = merge(document, parse_override(setting))
    return document


def _refuse(given: dict[str, Any], keys: dict[str, str], option: str) -> None:
    clash = [name for key, name in keys.items() if key in given]
    if clash:
        raise UsageError(f"{', '.join(clash)} can't go with {option}: the suite's own tables say that")


def _shipped(name: str, given: dict[str, Any]) -> Suite:
    """Return a shipped suite; that of a data set which is not shipped needs to be told where it lies."""
    _refuse(given, {key: option for key, option in _OF_ONE_RUN.items() if key != _ROOT}, "--suite")
    suite = load_shipped(name)
    needs_root = any(entry.dataset["name"] not in _WITHOUT_ROOT for entry in suite.datasets)
    if needs_root and _ROOT not in given:
        raise UsageError(f"--suite {name} needs --root FOLDER, your copy of the data set")
    return suite


def _suite_of_options(given: dict[str, Any], detectors: tuple[str, ...]) -> Suite:
    if "dataset.name" not in given and "dataset.manifest_path" not in given:
        raise UsageError(
            "say what to run: --config SUITE, --suite NAME, --manifest-path FILE, or --dataset NAME"
        )
    document = {
        "detectors": [{"label": name, "model": {"name": name}} for name in detectors],
        "datasets": [{"label": _dataset_label(given)}],
    }
    return structure_config(document, Suite)


def _dataset_label(given: dict[str, Any]) -> str:
    name: str = given.get("dataset.name", "manifest")
    source = given.get("dataset.manifest_path" if name == "manifest" else "dataset.root", "")
    label = Path(source).stem if name == "manifest" else Path(source).name
    return "".join(character for character in label if character.isprintable())[:MAX_LABEL] or name


def _select_detectors(suite: Suite, labels: tuple[str, ...]) -> Suite:
    if not labels:
        return suite
    known = [entry.label for entry in suite.detectors]
    problems = [
        f"--detector {label!r}: {unknown('label', label, known)}" for label in labels if label not in known
    ]
    if problems:
        raise ConfigError(problems)
    return evolve(suite, detectors=tuple(entry for entry in suite.detectors if entry.label in labels))


def _restructured(suite: Suite, changes: dict[str, list[Any]]) -> Suite:
    """Lay values of options over a suite with the checks that a file's would meet."""
    return structure_config({**unstructure(suite), **changes}, Suite) if changes else suite
