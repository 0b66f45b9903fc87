"""Find, read and trust an inference config: its categories, and the bytes of the files that it names.

Nothing here executes what it reads, and nothing is looked for in the current folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.contracts.infer_config import CategoryModel, NamedFile

CONFIG_IN_RUN = Path("artifacts", "infer_config.json")

_PICKLED = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters or more: `C:` is a drive
EXPORT_AGAIN = (
    "a pickled checkpoint can run code when it is opened, so only ONNX is accepted; "
    "export one with `pyimgano-train --config CONFIG --export-infer-config`"
)


def config_of_run(run: Path) -> Path:
    """Return the inference config in a run directory.

    Raises:
        UsageError: `run` is no folder, or holds no config.
    """
    path = run / CONFIG_IN_RUN
    if not run.is_dir():
        raise UsageError(f"--from-run {str(run)!r}: no such folder")
    if not path.exists():
        raise UsageError(
            f"--from-run {str(run)!r}: it holds no {CONFIG_IN_RUN.as_posix()}; "
            "train with --export-infer-config to get one"
        )
    return path


def read_config(path: Path) -> InferConfig:
    """Return the config in `path`.

    Raises:
        ArtifactError: it can't be trusted or understood.
        UsageError: there is no such file, or nobody may look.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as exc:  # the latter of a name with a NUL
        reason = "no such file" if isinstance(exc, (FileNotFoundError, ValueError)) else exc.strerror
        raise UsageError(f"--infer-config {str(path)!r}: {reason}") from exc
    if not stat.S_ISREG(mode):
        raise UsageError(f"--infer-config {str(path)!r}: not a file; name the infer_config.json itself")
    try:
        return read_artifact(path, InferConfig)
    except ArtifactError as exc:
        if ".checkpoint.format:" in str(exc):
            raise ArtifactError(f"{exc}; {EXPORT_AGAIN}") from exc
        raise


def choose_categories(config: InferConfig, wanted: str | None) -> tuple[str, ...]:
    """Return the categories in play: the wanted one, or all.

    Raises:
        UsageError: the config has no such category.
    """
    names = tuple(config.per_category)
    if wanted is None:
        return names
    if wanted not in names:
        raise UsageError(
            f"--category {wanted!r}: the config has no such category; choose from {listed(names)}"
        )
    return (wanted,)


def require_one(names: tuple[str, ...]) -> None:
    """Refuse to guess which of several categories is meant.

    Raises:
        UsageError: there are several.
    """
    if len(names) > 1:
        raise UsageError(
            f"the config has {len(names)} categories: choose one with --category: {listed(names)}"
        )


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names for a message: the first few of many."""
    shown = sorted(names)
    rest = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(map(repr, shown[:most])) + rest


def named_files(entry: CategoryModel) -> dict[str, NamedFile]:
    """Return the files that a config names for one category, by the key that names them."""
    files: dict[str, NamedFile | None] = {"checkpoint": entry.checkpoint, "region": entry.region}
    return {kind: file for kind, file in files.items() if file is not None}


def files_of(path: Path, config: InferConfig) -> Iterator[Path]:
    """Yield a config, and wherever files that it names may be."""
    yield path
    for entry in config.per_category.values():
        for file in named_files(entry).values():
            yield from _places_of(path, file)


def check_files(path: Path, config: InferConfig, names: Iterable[str]) -> None:
    """Look at the files of the categories in play, without reading them.

    Raises:
        ArtifactError: one can't be what the config names.
    """
    for name in names:
        for kind, file in named_files(config.per_category[name]).items():
            locate_file(path, name, kind, file)


def locate_file(config_path: Path, category: str, kind: str, file: NamedFile) -> Path:
    """Return the file that a config names, its kind and size checked.

    A relative path is looked for in the folder of the config as it was named, then, where that is a
    symbolic link, in the folder that the link leads to. Absolute paths and `..` are allowed: the hash
    decides, not the place.

    Args:
        config_path: the config.
        category: the category that the file belongs to.
        kind: the key that names it, from `named_files`.
        file: what the config says of it.

    Raises:
        ArtifactError: the path is no plain path, leads nowhere or to two files, or to what can't be it.
    """
    where = f"{config_path}: $.per_category.{category}.{kind}.path {file.path!r}"
    if problem := _problem_of_path(file.path):
        raise ArtifactError(f"{where}: {problem}")
    candidates = _places_of(config_path, file)
    found = [path for path in candidates if os.path.exists(path)]  # noqa: PTH110 - Path.exists raises on names that are too long
    if not found:
        places = " or ".join(str(path) for path in candidates)
        raise ArtifactError(f"{where}: no such file: {places}; a config and its checkpoints move together")
    if not all(path.samefile(found[0]) for path in found):
        raise ArtifactError(f"{where}: two files could be meant, {found[0]} and {found[1]}; remove one")
    _check_file(found[0], file)
    return found[0]


def _places_of(config_path: Path, file: NamedFile) -> list[Path]:
    folders = [config_path.parent]
    if (real := config_path.resolve().parent) != config_path.absolute().parent:
        folders.append(real)
    return [folder / file.path for folder in folders]


def read_file(path: Path, file: NamedFile) -> bytes:
    """Return a file's bytes, their hash checked: what was hashed is what will be loaded.

    Raises:
        ArtifactError: size or hash differ from the config's, or the file can't be read.
    """
    _check_file(path, file)
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ArtifactError(f"{path}: can't be read: {exc.strerror}") from exc
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise ArtifactError(
            f"{path}: its sha256 is {digest}, the config says {file.sha256}: "
            "this is not the file that was exported; copy it again"
        )
    return content


def _problem_of_path(text: str) -> str | None:
    if "\0" in text:
        return "a path can't hold a NUL character"
    if _URL.match(text):
        return "addresses are not followed; name a local file"
    if text.startswith("~"):
        return "`~` is not expanded; name the file relative to the config, or absolutely"
    if Path(text).suffix.lower() in _PICKLED:
        return EXPORT_AGAIN
    return None


def _check_file(path: Path, file: NamedFile) -> None:
    try:
        state = path.stat()
    except OSError as exc:
        raise ArtifactError(f"{path}: can't be read: {exc.strerror}") from exc
    if not stat.S_ISREG(state.st_mode):
        raise ArtifactError(f"{path}: must be a file")
    if state.st_size != file.size_bytes:
        raise ArtifactError(
            f"{path}: has {state.st_size} bytes, the config says {file.size_bytes}: "
            "it is truncated or another file; copy it again"
        )
