"""Copy a config and the files that it names into one folder that works wherever it is moved."""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING, Any

from pyimgano_core.artifacts import parse_json, to_json, write_bytes, write_text
from pyimgano_core.errors import UsageError
from pyimgano_core.manifest import category_slug
from pyimgano_infer._config import locate_file, named_files, read_config, read_file
from pyimgano_infer._output import writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.contracts.infer_config import InferConfig

_CONFIG = "infer_config.json"
_CHECKPOINTS = "checkpoints"
_SUFFIXES = {"checkpoint": ".onnx", "region": ".png"}


def pack(path: Path, target: Path) -> Path:
    """Make `target` a folder of the config in `path` and all its files, and return the packed config.

    Every hash is checked before and after the copy. The folder appears whole or not at all.

    Raises:
        ArtifactError: the config or a file that it names can't be trusted.
        MachineError: the folder can't be written.
        UsageError: `target` exists and is no empty folder.
    """
    with writing(target):
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken:
        raise UsageError(f"--pack {str(target)!r}: exists already and is not empty; name a new folder")
    config = read_config(path)
    partial = target.absolute().with_name(f".{target.absolute().name}.{secrets.token_hex(4)}.tmp")
    try:
        with writing(target):
            (partial / _CHECKPOINTS).mkdir(parents=True)
            _fill(path, config, partial)
        _check(partial / _CONFIG)
        with writing(target):
            if target.exists():
                target.rmdir()
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target / _CONFIG


def _fill(path: Path, config: InferConfig, folder: Path) -> None:
    document = read_document(path)
    for name, kind, content in _contents(path, config):
        relative = f"{_CHECKPOINTS}/{category_slug(name)}{_SUFFIXES[kind]}"
        write_bytes(folder / relative, content)
        document["per_category"][name][kind]["path"] = relative
    write_text(folder / _CONFIG, to_json(document, indent=2) + "\n")


def read_document(path: Path) -> dict[str, Any]:
    """Return the config as it stands in the file: fields that this version does not know are packed, too."""
    document: dict[str, Any] = parse_json(path.read_text(encoding="utf-8-sig"))
    return document


def _contents(path: Path, config: InferConfig) -> Iterator[tuple[str, str, bytes]]:
    """Yield category, kind and content of each file that a config names, its hash checked."""
    for name, entry in config.per_category.items():
        for kind, file in named_files(entry).items():
            yield name, kind, read_file(locate_file(path, name, kind, file), file)


def _check(path: Path) -> None:
    for _ in _contents(path, read_config(path)):
        pass
