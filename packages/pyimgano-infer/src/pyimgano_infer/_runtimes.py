"""Which runtimes gave the scores of a run: a process that loads one leaves a note beside the parts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import parse_json, to_json, write_text
from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.contracts.structuring import structure
from pyimgano_infer._output import writing
from pyimgano_infer._part import damage

if TYPE_CHECKING:
    from pathlib import Path


def note_runtime(folder: Path, runtime: Runtime) -> None:
    """Leave a note of a runtime, unless there is one already.

    Raises:
        MachineError: it can't be written.
    """
    text = to_json(runtime)
    path = folder / _name(text.encode())
    if not path.exists():
        with writing(path):
            write_text(path, text)


def read_runtimes(folder: Path) -> tuple[Runtime, ...]:
    """Return the runtimes that were noted.

    Raises:
        ArtifactError: a note was damaged.
    """
    return tuple(map(_read, sorted(folder.glob("runtime-*.json"))))


def _read(path: Path) -> Runtime:
    content = path.read_bytes()
    if path.name != _name(content):
        raise damage(path, "it does not hold what its name says")
    return structure(parse_json(content.decode()), Runtime, known_only=False)


def _name(content: bytes) -> str:
    return f"runtime-{hashlib.sha256(content).hexdigest()[:16]}.json"
