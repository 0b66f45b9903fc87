"""Read a config that a person wrote (TOML or JSON) into its contract; each mistake names its key's path."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pyimgano_core.contracts.json_text import parse_json
from pyimgano_core.contracts.structuring import StructuringError, structure
from pyimgano_core.errors import ConfigError

T = TypeVar("T")


def read_document(path: Path) -> dict[str, Any]:
    """Return a TOML or JSON file (by its suffix) as a mapping.

    Raises:
        ConfigError: where the file can't be read or parsed, or holds no table.
    """
    text = _read_text(path)
    try:
        document = parse_json(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # TOMLDecodeError is a ValueError
        raise ConfigError([f"{exc}{_hint(exc)}"], path) from exc
    if not isinstance(document, dict):
        raise ConfigError(["must hold a table of keys"], path)
    return document


def _hint(error: Exception) -> str:
    """Return what to do about the mistake in TOML that is made most often."""
    is_value = isinstance(error, tomllib.TOMLDecodeError) and str(error).startswith("Invalid value")
    return "; text stands in quotes, true and false in small letters" if is_value else ""


def _read_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigError(["is a folder; name the config file in it"], path)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise ConfigError(["is not a file"], path)
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise ConfigError(["no such config file"], path) from exc
    except (OSError, ValueError) as exc:  # UnicodeDecodeError is a ValueError
        raise ConfigError([f"can't be read: {getattr(exc, 'strerror', None) or exc}"], path) from exc


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
    """Return `a.b=value` as `{"a": {"b": value}}`; a value is read as TOML, and as text where it is none."""
    key, separator, raw = text.partition("=")
    if not separator or not all(part.strip() for part in key.split(".")):
        raise ConfigError([f"--set {text!r}: write it as dotted.key=value"])
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    except RecursionError as exc:
        raise ConfigError([f"--set {key}: the value is nested too deeply"]) from exc
    return nest(key, value)


def nest(key: str, value: object) -> dict[str, Any]:
    """Return the value of a dotted key `a.b` as `{"a": {"b": value}}`."""
    first, dot, rest = key.partition(".")
    return {first.strip(): nest(rest, value) if dot else value}


def resolve_path(text: str, base: Path) -> Path:
    """Return a path of a config: as it is where absolute, else relative to the config's folder `base`."""
    path = Path(text.replace("\\", "/"))
    try:
        path = path.expanduser()
    except RuntimeError:  # `~name` of nobody here: a file may be called so
        return base / path
    return path if path.is_absolute() else base / path
