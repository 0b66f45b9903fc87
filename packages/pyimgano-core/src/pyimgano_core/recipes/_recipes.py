"""Recipes are TOML files in this folder: a `description`, and the tables of a run config."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_core.configfile import merge, nest, parse_override, read_document, structure_config
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.structuring import unknown
from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@define(frozen=True, kw_only=True)
class Recipe:
    """A named starting point; `text` is its TOML as shipped."""

    name: str
    description: str
    settings: dict[str, Any]
    text: str


def list_recipes() -> tuple[Recipe, ...]:
    """Return all recipes, sorted by name."""
    found = [entry for entry in files(__package__).iterdir() if entry.name.endswith(".toml")]
    return tuple(
        _parse(entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    )


def load_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        ConfigError: where there is none of that name.
    """
    recipes = {recipe.name: recipe for recipe in list_recipes()}
    if name not in recipes:
        raise ConfigError([f"$.recipe: {unknown('recipe ' + repr(name), name, list(recipes))}"])
    return recipes[name]


def _parse(name: str, text: str) -> Recipe:
    settings = tomllib.loads(text)
    description = settings.pop("description")
    return Recipe(name=name, description=description, settings=settings, text=text)


def load_run_config(
    path: Path | None, overrides: Sequence[str] = (), settings: Mapping[str, object] | None = None
) -> RunConfig:
    """Return the run config: recipe, below the file, below the overrides, below the settings.

    Args:
        path: a TOML or JSON file, or None for none.
        overrides: `dotted.key=value`.
        settings: values by dotted key, taken as they are.

    Raises:
        ConfigError: with all problems.
    """
    written = read_document(path) if path is not None else {}
    document = written
    for override in overrides:
        document = merge(document, parse_override(override))
    for key, value in (settings or {}).items():
        document = merge(document, nest(key, value))
    name = document.get("recipe")
    problems: tuple[str, ...] = ()
    if isinstance(name, str):
        try:
            document = merge(load_recipe(name).settings, document)
        except ConfigError as exc:
            problems = exc.problems
    try:
        config = structure_config(document, RunConfig, path)
    except ConfigError as exc:
        problems = (*problems, *exc.problems)
        raise _blaming(problems, written, overrides, settings or {}, path) from exc
    if problems:
        raise _blaming(problems, written, overrides, settings or {}, path)
    return config


def _blaming(
    problems: Sequence[str],
    written: dict[str, Any],
    overrides: Sequence[str],
    settings: Iterable[str],
    path: Path | None,
) -> ConfigError:
    """Return the error of `problems`: those of overrides and settings say so, others name the file."""
    sources = {override.partition("=")[0].strip(): " (from --set)" for override in overrides}
    sources |= dict.fromkeys(settings, " (from the command line)")
    told = [f"{problem}{_source(problem, written, sources)}" for problem in problems]
    all_given = all(before != after for before, after in zip(problems, told, strict=True))
    return ConfigError(told, None if all_given else path)


def _source(problem: str, written: dict[str, Any], sources: dict[str, str]) -> str:
    """Return in words which key of `sources` has brought a problem of `$.key: …`; "" where the file has."""
    blamed = problem.partition(":")[0].removeprefix("$.")
    for key, words in sources.items():
        at_or_below = blamed == key or blamed.startswith((f"{key}.", f"{key}["))
        if at_or_below or (key.startswith(f"{blamed}.") and not _holds(written, blamed)):
            return words
    return ""


def _holds(document: dict[str, Any], key: str) -> bool:
    """Return whether a document has a dotted key."""
    value: object = document
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True
