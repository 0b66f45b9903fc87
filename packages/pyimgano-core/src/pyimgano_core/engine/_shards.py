"""Runs a function over shards on any engine; the engines share which shards are left and what is an error."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import define

from pyimgano_core.engine._contract import Engine, LocalEngine, ShardOutcome
from pyimgano_core.errors import ExitCode, PyimganoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

P = TypeVar("P")
S = TypeVar("S")

_TRIES = 7  # three inputs that kill two processes each, and one process that comes to the end


class ShardError(PyimganoError):
    """A shard ended each process that tried to run it.

    Attributes:
        index: which shard.
    """

    exit_code = ExitCode.SOME_INPUTS_FAILED

    def __init__(self, index: int, cause: str) -> None:
        self.index = index
        super().__init__(f"shard {index}: given up after {_TRIES} tries: its process {cause}")


@define(frozen=True)
class Task(Generic[S]):
    """A shard and its place among all."""

    index: int
    shard: S


class Tasks(Generic[S]):
    """The shards that are left to run: those whose process died come first."""

    def __init__(self, shards: Iterable[S]) -> None:
        self._rest = enumerate(shards)
        self._again: deque[Task[S]] = deque()
        self._deaths: Counter[int] = Counter()

    def take(self) -> Task[S] | None:
        """Return the next shard, None where none is left."""
        if self._again:
            return self._again.popleft()
        return next((Task(index, shard) for index, shard in self._rest), None)

    def died(self, task: Task[S], cause: str) -> ShardOutcome | None:
        """Take note that the process of `task` died; return an outcome where it is not tried again."""
        self._deaths[task.index] += 1
        if self._deaths[task.index] < _TRIES:
            self._again.append(task)
            return None
        return ShardOutcome(index=task.index, error=ShardError(task.index, cause))


def run_shards(
    run_shard: Callable[[P, S], None],
    plan: P,
    shards: Iterable[S],
    engine: Engine,
) -> Iterator[ShardOutcome]:
    """Yield what became of each shard as it ends, in no certain order.

    A process that dies is replaced and its shard tried again, so that `quarantine` can leave out inputs that
    kill. A shard that ends seven processes is given up with a `ShardError`, and the others go on. Leaving the
    loop early, by an interrupt too, ends all processes; they end as well where this one is killed.

    Args:
        run_shard: is given the plan and a shard, and writes one part file, whole or not at all, or leaves it
            where it is whole already. A function of a module, for other processes import it. A program that
            calls this must be importable, too: what it does stands below `if __name__ == "__main__"`.
        plan: what all shards share; it travels to each process once, so it is small.
        shards: what tells one shard from another; they are taken as they are needed.
        engine: where.

    Raises:
        UsageError: the engine's address is none.
        MachineError: no process can be started, or the cluster is missing.
        OSError: a shard met one, such as a full disk: the others would, too.
        MemoryError: likewise.
        RuntimeError: a shard met a bug; holds the traceback.
    """
    if isinstance(engine, LocalEngine):
        from pyimgano_core.engine._pool import run_in_processes  # noqa: PLC0415 - threads don't need it

        return run_in_processes(run_shard, plan, Tasks(shards), engine)
    from pyimgano_core.engine._cluster import run_on_ray  # noqa: PLC0415 - Ray is optional

    return run_on_ray(run_shard, plan, Tasks(shards), engine)


def attempt(run_shard: Callable[[P, S], None], plan: P, shard: S) -> Exception | None:
    """Run a shard; return what it raised in a form that any process can read, None if nothing."""
    try:
        run_shard(plan, shard)
    except PyimganoError as exc:
        return exc
    except MemoryError:
        return MemoryError()
    except OSError as exc:
        if exc.errno is not None:
            return OSError(exc.errno, exc.strerror, exc.filename)
        return RuntimeError(traceback.format_exc())
    except Exception:  # noqa: BLE001 - it is raised again where it can be reported
        return RuntimeError(traceback.format_exc())
    return None


def outcome_of(index: int, error: Exception | None) -> ShardOutcome:
    """Return the outcome of a shard that ended by itself; what is no user's mistake is raised."""
    if error is not None and not isinstance(error, PyimganoError):
        raise error
    return ShardOutcome(index=index, error=error)
