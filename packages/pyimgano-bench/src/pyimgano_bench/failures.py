"""What fails in a cell: the detector's own error, the cell's record of it, and the exit code of all."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Protocol

from pyimgano_bench.cell import CellError
from pyimgano_core.engine import ShardError
from pyimgano_core.errors import ExitCode, PyimganoError

if TYPE_CHECKING:
    from collections.abc import Collection

DETECTOR_FAILURES = (RuntimeError, ValueError, MemoryError)
"""Of a detector that can't do its work; anything else is a bug of this program and ends it."""


class DetectorError(PyimganoError):
    """A detector failed with an error of its own.

    Attributes:
        kind: the class of that error.
        details: its traceback.
    """

    exit_code = ExitCode.SOME_INPUTS_FAILED

    def __init__(self, error: BaseException) -> None:
        self.kind = type(error).__name__
        self.details = "".join(traceback.format_exception(error))
        super().__init__(str(error) or self.kind)


class ErrorSink(Protocol):
    """Is told of each failure as it happens, and of one that several cells share only once."""

    def __call__(self, where: str, error: PyimganoError) -> None:
        """Tell that `where` failed with `error`."""
        ...


def as_cell_error(error: PyimganoError) -> CellError:
    """Return the record of an error."""
    kind = error.kind if isinstance(error, DetectorError) else type(error).__name__
    message = str(error)
    if isinstance(error, ShardError):
        message = message.removeprefix(f"shard {error.index}: ")  # whose number is of no use here
    return CellError(type=kind, message=message, exit_code=int(error.exit_code))


def exit_code_of(failures: Collection[int], count: int, *, unread: bool = False) -> ExitCode:
    """Return how a command over `count` cells ended.

    0 where all went well, 2 where a data set has errors, a failure's own code where it is all that there is,
    else 4 for some failures.

    Args:
        failures: the exit code of each failed cell.
        count: how many cells there are.
        unread: whether other cells lack images that could not be read.
    """
    if ExitCode.DATA_ERRORS in failures:
        return ExitCode.DATA_ERRORS
    if failures and len(failures) == count and len(set(failures)) == 1:
        return ExitCode(next(iter(failures)))
    return ExitCode.SOME_INPUTS_FAILED if failures or unread else ExitCode.DONE
