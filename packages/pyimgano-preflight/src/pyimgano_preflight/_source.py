"""From what was given on the command line to a run config: a manifest, a folder layout or a config file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.errors import UsageError
from pyimgano_core.recipes import load_run_config
from pyimgano_core.words import command_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.config import RunConfig

_MANIFEST_NAME = "manifest.jsonl"
_MANIFEST_SUFFIXES = (".jsonl", ".ndjson")
_CONFIG_SUFFIXES = (".toml", ".json")
_LAYOUT_SIGNS = (
    ("visa", "split_csv/1cls.csv"),
    ("visa", "1cls"),
    ("visa", "visa_pytorch/1cls"),
    ("custom", "train"),
    ("mvtec", "*/train/good"),
    ("btad", "*/train/ok"),
    ("custom", "*/train"),
)


@define(frozen=True, kw_only=True)
class Choice:
    """What the command line names; `source` is a path whose kind is told by its name."""

    source: Path | None = None
    manifest: Path | None = None
    dataset: str | None = None
    root: Path | None = None
    config: Path | None = None
    category: str | None = None
    overrides: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files and folders that are named."""
        return tuple(filter(None, (self.source, self.manifest, self.root, self.config)))


def load_choice(choice: Choice) -> tuple[RunConfig, Path]:
    """Return the run config, and the folder that its relative paths start from.

    Raises:
        UsageError: nothing, or too much, was named.
        ConfigError: the config is wrong.
    """
    choice = _recognized(choice)
    if choice.manifest is not None and choice.dataset not in (None, "manifest"):
        raise UsageError(f"--manifest and --dataset {choice.dataset} contradict each other; give one of them")
    if choice.config is None and choice.manifest is None and choice.dataset is None:
        if choice.root is not None:
            raise UsageError(
                f"{choice.root}: say with --dataset how its images lie, or give it without --root"
            )
        raise UsageError("nothing to check: give a manifest, a folder or a config")
    base = Path() if choice.config is None else choice.config.parent
    return load_run_config(choice.config, choice.overrides, dict(_settings(choice))), base


def _settings(choice: Choice) -> Iterator[tuple[str, str]]:
    """Yield the keys that are set; paths of the command line start from the current folder."""
    name = "manifest" if choice.manifest is not None else choice.dataset
    if name is not None:
        yield "dataset.name", name
    is_here = choice.config is None or choice.config.parent == Path()
    for key, path in (("dataset.manifest_path", choice.manifest), ("dataset.root", choice.root)):
        if path is not None:
            yield key, str(path if is_here else path.absolute())
    if choice.category is not None:
        yield "dataset.category", choice.category


def _recognized(choice: Choice) -> Choice:
    """Return the choice with its `source` put where it belongs."""
    source = choice.source
    if source is None:
        return choice
    if choice.manifest is not None or choice.config is not None or choice.root is not None:
        raise UsageError(f"{source} and an option name two data sets; give one of them")
    if source.is_dir():
        return _recognized_folder(choice, source)
    suffix = source.suffix.lower()
    if suffix in _MANIFEST_SUFFIXES:
        return evolve(choice, source=None, manifest=source)
    if suffix in _CONFIG_SUFFIXES:
        return evolve(choice, source=None, config=source)
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    raise UsageError(f"{source}: can't tell what it is; name it with --manifest or --config")


def _recognized_folder(choice: Choice, folder: Path) -> Choice:
    if choice.dataset not in (None, "manifest"):
        return evolve(choice, source=None, root=folder)
    if (folder / _MANIFEST_NAME).exists():
        return evolve(choice, source=None, manifest=folder / _MANIFEST_NAME)
    for layout, sign in _LAYOUT_SIGNS:
        if any(folder.glob(sign)):
            return evolve(choice, source=None, dataset=layout, root=folder)
    guess = ["pyimgano-core", "manifest", "guess", "--root", str(folder), "--output", _MANIFEST_NAME]
    raise UsageError(
        f"{folder}: holds no {_MANIFEST_NAME} and no known layout; name one with --dataset and --root, "
        f"or have a manifest made from the names of its folders: {command_line(guess)}"
    )
