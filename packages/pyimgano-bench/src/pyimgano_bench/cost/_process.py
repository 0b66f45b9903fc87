"""A step in a process of its own: a JSON request on its stdin, one JSON line as its answer.

The process starts anew, so neither memory nor loaded modules of the caller are in its numbers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import define

from pyimgano_core.contracts.structuring import structure, unstructure
from pyimgano_core.errors import ExitCode, PyimganoError

if TYPE_CHECKING:
    from collections.abc import Callable

Q = TypeVar("Q")
A = TypeVar("A")

_STATUS = Path("/proc/self/status")
_KILOBYTE = 1024  # of the kernel's tables
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class StepError(PyimganoError):
    """A step's process gave no answer.

    Attributes:
        code: what the failure stands for.
    """

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


@define(frozen=True, kw_only=True)
class _Refusal:
    """Why a step can't be done, and the exit code that it stands for."""

    error: str
    exit_code: int


def ask(module: str, request: object, answer: type[A], *, threads: int) -> A:
    """Run a module as a process and return what it answers to a request.

    Args:
        module: its `main` calls `reply`.
        request: an attrs instance.
        answer: the class of the answer, attrs.
        threads: how many the process may compute on.

    Raises:
        StepError: it could not do it, or died.
    """
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module],
        input=json.dumps(unstructure(request)).encode(),
        capture_output=True,
        check=False,
        env={**os.environ, **dict.fromkeys(_THREADS, str(threads))},
    )
    if done.returncode != 0:
        raise StepError(_cause(done), ExitCode.SOME_INPUTS_FAILED)
    document = json.loads(done.stdout)
    if "error" in document:
        refusal = structure(document, _Refusal, known_only=True)
        raise StepError(refusal.error, ExitCode(refusal.exit_code))
    return structure(document, answer, known_only=True)


def _cause(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"the process was killed by signal {-done.returncode}; signal 9 often means out of memory"
    lines = done.stderr.decode("utf-8", "backslashreplace").split("\n")
    said = [line for line in lines if line.strip()]
    return said[-1] if said else f"the process ended with exit code {done.returncode}"


def reply(step: Callable[[Q], object], request: type[Q]) -> None:
    """Answer the request on stdin with what `step` makes of it; the child's side of `ask`."""
    channel = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        answer: object = step(structure(json.load(sys.stdin), request, known_only=True))
    except PyimganoError as exc:
        answer = _Refusal(error=str(exc), exit_code=int(exc.exit_code))
    with os.fdopen(channel, "w") as stream:
        stream.write(json.dumps(unstructure(answer), allow_nan=False) + "\n")


def peak_bytes() -> int | None:
    """Return the peak of this process's resident memory, or None where the system does not tell.

    It is the kernel's own mark of this program: that of `getrusage` begins with the memory of the parent.
    """
    if not _STATUS.is_file():
        return None
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * _KILOBYTE
    return None
