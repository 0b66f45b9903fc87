"""The error tree: what went wrong, where, what to do, and the exit code that says so to a script.

An exception here is for a caller's mistake or a broken file. Bad data is an `Issue`, collected and reported.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyimgano_core.contracts.image_file import ImageFile
    from pyimgano_core.contracts.issue import Issue


class ExitCode(IntEnum):
    """Process exit codes, the same for every command of every package."""

    DONE = 0
    BUG = 1
    DATA_ERRORS = 2
    GATE_TRIPPED = 3
    SOME_INPUTS_FAILED = 4
    UNTRUSTED_ARTIFACT = 5
    USAGE = 64
    ENVIRONMENT = 74
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class PyimganoError(Exception):
    """Base of all errors that a user can mend; printed as one line, never as a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process with all attributes, whatever the constructor takes."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[PyimganoError], arguments: tuple[Any, ...], state: dict[str, Any]) -> PyimganoError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class UsageError(PyimganoError):
    """The command line or an argument asks for something that can't be done."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file is wrong.

    Attributes:
        problems: one message per problem, each with the path of its key (`$.model.name: …`).
        source: the file, where there is one.
    """

    def __init__(self, problems: Sequence[str], source: Path | str | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        where = f"{source}: " if source is not None else ""
        super().__init__(where + "; ".join(self.problems))


class DataError(PyimganoError):
    """The data set has errors, all of them collected.

    Attributes:
        issues: every error found, in the order of the data.
    """

    exit_code = ExitCode.DATA_ERRORS

    def __init__(self, message: str, issues: Sequence[Issue] = ()) -> None:
        self.issues = tuple(issues)
        super().__init__(message)


class GateTrippedError(PyimganoError):
    """A gate that the caller asked for was tripped."""

    exit_code = ExitCode.GATE_TRIPPED


class ImageError(PyimganoError):
    """One image or mask can't be used; the others can.

    Attributes:
        code: a stable reason such as `not_found`, `truncated`, `unsupported_mode`.
        path: the file.
    """

    exit_code = ExitCode.SOME_INPUTS_FAILED

    def __init__(self, code: str, path: ImageFile | str, message: str) -> None:
        self.code = code
        self.path = path
        super().__init__(f"{path}: {message}")


class ArtifactError(PyimganoError):
    """An artifact can't be trusted or understood: wrong hash, torn file, unknown feature."""

    exit_code = ExitCode.UNTRUSTED_ARTIFACT


class MachineError(PyimganoError):
    """The environment failed: disk full, device missing, package missing."""

    exit_code = ExitCode.ENVIRONMENT
