"""Read a config that a person wrote (TOML or JSON) into its contract; each mistake names its key's path."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pyimgano_core.contracts.json_text import parse_json
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def read_document(path: Path) -> dict[str, Any]:
    """Return a TOML or JSON file (by its suffix) as a mapping.

    Raises:
        ConfigError: where the file can't be read or parsed, or holds no table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise ConfigError(["no such config file"], path) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError([f"can't be read: {exc}"], path) from exc
    try:
        document = parse_json(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # TOMLDecodeError is a ValueError
        raise ConfigError([str(exc)], path) from exc
    if not isinstance(document, dict):
        raise ConfigError(["must hold a table of keys"], path)
    return document


def load_config(
    path: Path | None, contract: type[T], *, overrides: Iterable[str] = (), base: dict[str, Any] | None = None
) -> T:
    """Return the config of `path` laid over `base`, with `key=value` overrides laid over both.

    Args:
        path: a TOML or JSON file, or None for the base alone.
        contract: the attrs class, e.g. `RunConfig`.
        overrides: `dotted.key=value`; a value is read as TOML, and as text where it is no TOML.
        base: what stands below the file, e.g. a recipe.

    Raises:
        ConfigError: with all problems.
    """
    document = merge(base or {}, read_document(path) if path is not None else {})
    for override in overrides:
        document = merge(document, parse_override(override))
    return structure_config(document, contract, path)


def structure_config(document: dict[str, Any], contract: type[T], source: Path | None = None) -> T:
    """Return a document as its contract, or raise `ConfigError` with all problems."""
    try:
        return structure(document, contract, known_only=True)
    except StructuringError as exc:
        raise ConfigError(exc.problems, source) from exc


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `above` laid over `below`, table by table."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def parse_override(text: str) -> dict[str, Any]:
    """Return `a.b=value` as `{"a": {"b": value}}`."""
    key, separator, raw = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not separator or not all(parts):
        raise ConfigError([f"--set {text!r}: write it as dotted.key=value"])
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    for part in reversed(parts):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def resolve_path(text: str, base: Path) -> Path:
    """Return a path of a config: as it is where absolute, else relative to the config's folder `base`."""
    path = Path(text.replace("\\", "/"))
    try:
        path = path.expanduser()
    except RuntimeError:  # `~name` of nobody here: a file may be called so
        return base / path
    return path if path.is_absolute() else base / path
