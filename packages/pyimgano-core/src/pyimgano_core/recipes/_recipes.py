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
    problems: list[str] = []
    if isinstance(name, str):
        try:
            document = merge(load_recipe(name).settings, document)
        except ConfigError as exc:
            problems += exc.problems
    config = None
    try:
        config = structure_config(document, RunConfig, path)
    except ConfigError as exc:
        problems += exc.problems
    sources = {override.partition("=")[0].strip(): " (from --set)" for override in overrides}
    sources |= dict.fromkeys(settings or {}, " (from the command line)")
    hidden = _hidden(written, sources, problems)
    if config is None or problems or hidden:
        raise _blaming(problems, hidden, written, sources, path)
    return config


def _hidden(written: dict[str, Any], keys: Iterable[str], problems: Sequence[str]) -> list[str]:
    """Return a problem for each value of the file that is to be a table, and that `keys` have made one.

    Where a table is what is wrong there, it is among the `problems` already.
    """
    told = {problem.partition(":")[0] for problem in problems}
    found = {}
    for key in keys:
        value: object = written
        path = "$"
        for part in key.split(".")[:-1]:
            if not isinstance(value, dict):
                break
            value, path = value.get(part.strip()), f"{path}.{part.strip()}"
        if not isinstance(value, dict | None) and path not in told:
            found[path] = f"{path}: must be a table of keys, not {value!r}"
    return list(found.values())


def _blaming(
    problems: Sequence[str],
    hidden: Sequence[str],
    written: dict[str, Any],
    sources: dict[str, str],
    path: Path | None,
) -> ConfigError:
    """Return the error of all problems: those of overrides and settings say so, others name the file."""
    told = [f"{problem}{_source(problem, written, sources)}" for problem in problems]
    all_given = all(before != after for before, after in zip(problems, told, strict=True))
    return ConfigError([*hidden, *told], None if all_given and not hidden else path)


def _source(problem: str, written: dict[str, Any], sources: dict[str, str]) -> str:
    """Return in words which key of `sources` has brought a problem of `$.key: …`; "" where the file has."""
    blamed = problem.partition(":")[0].removeprefix("$.")
    for key, words in sources.items():
        at_or_below = blamed == key or blamed.startswith((f"{key}.", f"{key}["))
        if at_or_below or (key.startswith(f"{blamed}.") and not _has_table(written, blamed)):
            return words
    return ""


def _has_table(document: dict[str, Any], key: str) -> bool:
    """Return whether a document has a table under a dotted key."""
    value: object = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return isinstance(value, dict)
