"""What all shards of a run share, and the settings that decide its lines, in words and as a hash.

An unfinished run keeps them in `plan.json`, so that only the same settings go on with it.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from attrs import asdict, define, field

from pyimgano_core.artifacts import read_artifact, to_json, write_artifact
from pyimgano_core.contracts.image_file import is_address, masked
from pyimgano_core.contracts.infer_config import InferConfig
from pyimgano_core.errors import UsageError
from pyimgano_infer import __version__
from pyimgano_infer._output import shown, writing
from pyimgano_infer._request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECIDE_NO_LINE = frozenset(
    {
        *("config_path", "output", "summary", "csv", "parts", "fail_on_anomaly"),
        *("workers", "engine", "address", "num_shards", "shard_index"),
        *("watch", "interval", "settle"),  # a run that watches has no plan
    }
)
_SHOWN_CHARACTERS = 200
_FILE = "plan.json"
_OWN = re.compile(r"\.|part-\d+\.|runtime-[0-9a-f]+\.json$", flags=re.ASCII)


@define(frozen=True, kw_only=True)
class Plan:
    """What all shards of a run share; it travels to each process once.

    Attributes:
        digest: of the settings that decide lines; plans with the same one are equal.
        run: tells this run of the command from others in the same folder.
        request: what the command line asks for.
        config: the config, as this run found it.
        names: the categories in play.
        folder: where the parts are, absolute.
        working_folder: what relative paths start from, in each process.
    """

    digest: str
    run: str = field(eq=False)
    request: Request = field(eq=False)
    config: InferConfig = field(eq=False)
    names: tuple[str, ...] = field(eq=False)
    folder: Path = field(eq=False)
    working_folder: Path = field(eq=False)


@define(frozen=True, kw_only=True)
class Settings:
    """The settings that decide the lines of a run, in words, by what sets them."""

    KIND: ClassVar[str] = "pyimgano.infer_plan"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.infer_plan"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    settings: dict[str, str]

    @property
    def digest(self) -> str:
        """What no other settings have."""
        return hashlib.sha256(to_json(self.settings, sort_keys=True).encode()).hexdigest()


def settings_of(request: Request, config: InferConfig) -> Settings:
    """Return the settings that decide the lines of a request."""
    content = hashlib.sha256(to_json(config).encode()).hexdigest()
    settings = {"pyimgano-infer": __version__, "the config's content": f"sha256 {content}"}
    values = asdict(request, recurse=False)
    values["arguments"] = [_place(argument) for argument in request.arguments]
    values["root"] = None if request.root is None else _place(str(request.root))
    for name, value in values.items():
        if name not in _DECIDE_NO_LINE and value is not None and value is not False:
            option = "INPUT" if name == "arguments" else "--" + name.replace("_", "-")
            settings[option] = _in_words(value)
    return Settings(settings=settings)


def _place(argument: str) -> str:
    if argument == "-" or is_address(argument):
        return masked(argument)
    return os.path.abspath(argument)  # noqa: PTH100 - as text


def _in_words(value: object) -> str:
    if isinstance(value, Path):
        return _place(str(value))
    return "given" if value is True else to_json(value)


def claim_folder(folder: Path, settings: Settings) -> None:
    """Make the folder that of a run with these settings; parts of such a run stay.

    Parts without a plan are what is left of a run that was killed while it tidied up, when all was done.

    Raises:
        ArtifactError: its plan is damaged.
        MachineError: it can't be written.
        UsageError: it holds something else, or results of other settings.
    """
    plan = folder / _FILE
    holds_others = any(_OWN.match(path.name) is None for path in folder.iterdir())
    if plan.exists():
        found = read_artifact(plan, Settings)
        if found.settings == settings.settings:
            return
        if any(folder.glob("part-*")):
            raise UsageError(_refusal(folder, found.settings, settings.settings))
    elif holds_others:
        raise UsageError(f"{shown(folder)}: is in the way of unfinished results; remove it")
    with writing(plan):
        write_artifact(plan, settings)


def is_claimed(folder: Path) -> bool:
    """Return whether the folder is still that of a run."""
    return (folder / _FILE).exists()


def release_folder(folder: Path) -> None:
    """Let nobody go on with the run in the folder, which is about to be removed."""
    (folder / _FILE).unlink(missing_ok=True)


def _refusal(folder: Path, before: dict[str, str], now: dict[str, str]) -> str:
    what = "; ".join(_differences(before, now))
    return (
        f"{shown(folder)}: holds the unfinished results of another command: {what}; run that one again to "
        "finish it, remove the folder, or choose another --output"
    )


def _differences(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        was, value = (_short(settings.get(name)) for settings in (before, now))
        if before.get(name) != now.get(name):
            yield f"{name} was {was} and is {value} now" if was != value else f"{name} differs"


def _short(text: str | None) -> str:
    if text is None:
        return "not given"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
