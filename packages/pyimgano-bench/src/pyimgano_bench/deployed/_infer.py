"""Runs the `pyimgano-infer` command on images, as a deployment host does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import read_artifact
from pyimgano_core.contracts.infer_summary import InferSummary
from pyimgano_core.errors import (
    ArtifactError,
    DataError,
    ExitCode,
    MachineError,
    PyimganoError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "pyimgano-infer"
LINES = "lines.jsonl"
_ERRORS: dict[int, type[PyimganoError]] = {
    ExitCode.DATA_ERRORS: DataError,
    ExitCode.UNTRUSTED_ARTIFACT: ArtifactError,
    ExitCode.USAGE: UsageError,
}
_FINISHED = {ExitCode.DONE, ExitCode.SOME_INPUTS_FAILED}


def find_program() -> Path:
    """Return the command: the one beside this Python, else the one on PATH.

    Raises:
        UsageError: it is not installed.
    """
    found = shutil.which(PROGRAM, path=str(Path(sys.executable).parent)) or shutil.which(PROGRAM)
    if found is None:
        raise UsageError(
            f"{PROGRAM} runs the artifact and is not installed: pip install {PROGRAM}, or give the lines of "
            "an earlier run with --predictions"
        )
    return Path(found)


def run_infer(
    program: Path,
    infer_config: Path,
    category: str,
    images: Sequence[str],
    folder: Path,
    *,
    device: str,
    with_maps: bool,
) -> InferSummary:
    """Score images, one at a time in one process, and leave a line for each in `LINES` of the folder.

    Args:
        program: the command.
        infer_config: the artifact's config.
        category: whose model scores.
        images: absolute paths.
        folder: an empty one, for lines, summary and maps.
        device: what runs the model, as the command knows it.
        with_maps: whether anomaly maps are kept, at the model's size; reading scales them as inference does.

    Raises:
        PyimganoError: the command failed; of the kind that its exit code says, with its own message.
    """
    summary = folder / "summary.json"
    maps = ["--maps", str(folder / "maps"), "--map-size", "model"] if with_maps else []
    options: dict[str, str | Path] = {
        "--infer-config": infer_config,
        "--category": category,
        "--device": device,
        "--workers": "1",
        "--output": folder / LINES,
        "--summary": summary,
    }
    done = subprocess.run(  # noqa: S603 - our own command, and no shell
        [program, *chain.from_iterable(options.items()), *maps, "--null", "-"],
        input=b"".join(os.fsencode(image) + b"\0" for image in images),
        capture_output=True,
        check=False,
    )
    if done.returncode not in _FINISHED:
        raise _failure(done.returncode, done.stderr.decode(errors="replace"))
    return evolve(read_artifact(summary, InferSummary), output=None)


def _failure(code: int, told: str) -> PyimganoError:
    """Return what the command died of, in its own words."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    message = " ".join(errors) or (lines[-1] if lines else "it said nothing")
    return _ERRORS.get(code, MachineError)(f"{PROGRAM} ended with exit code {code}: {message}")
