"""Which runtimes gave the scores of a run: a process that loads one leaves a note beside the parts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import parse_json, to_json, write_text
from pyimgano_core.contracts.infer_config import Runtime
from pyimgano_core.contracts.structuring import structure
from pyimgano_infer._output import writing

if TYPE_CHECKING:
    from pathlib import Path


def note_runtime(folder: Path, runtime: Runtime) -> None:
    """Leave a note of a runtime, unless there is one already.

    Raises:
        MachineError: it can't be written.
    """
    text = to_json(runtime)
    path = folder / f"runtime-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not path.exists():
        with writing(path):
            write_text(path, text)


def read_runtimes(folder: Path) -> tuple[Runtime, ...]:
    """Return the runtimes that were noted."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.glob("runtime-*.json")))
    return tuple(structure(parse_json(text), Runtime, known_only=False) for text in texts)
