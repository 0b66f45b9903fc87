"""The local engine: worker processes that are watched, and replaced where one dies.

The pool of the standard library gives up as a whole when a worker dies, which is why this is not it.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pyimgano_core.engine._shards import Task, Tasks, outcome_of
from pyimgano_core.engine._threads import default_workers
from pyimgano_core.engine._worker import GRACE, OF_THE_TERMINAL, serve
from pyimgano_core.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.engine._contract import LocalEngine, ShardOutcome

P = TypeVar("P")
S = TypeVar("S")

_SPAWN = get_context("spawn")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Worker(Generic[S]):
    """A process with the shard that it is running.

    Attributes:
        task: the shard.
        pipe: answers arrive here; it ends when the process does.
    """

    def __init__(self, job: tuple[object, object], threads: int | None, task: Task[S]) -> None:
        """Start a process of so many threads that runs `job`, a function and its plan, with `task` first."""
        self.task = task
        self.pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs,), daemon=True)
        self._is_ready = False
        with theirs, _starting(threads):
            self._process.start()
        self._send(job)
        self._send(task.shard)

    def give(self, task: Task[S]) -> None:
        """Let the process run another shard."""
        self.task = task
        self._send(task.shard)

    def answer(self) -> tuple[Any] | None:
        """Return what the process sent, None where that was no answer but that it is ready.

        Raises:
            ChildProcessError: the process died.
        """
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            raise ChildProcessError(self._describe_end()) from None
        if not self._is_ready:
            self._is_ready = True
            return None
        return (message,)

    def stop(self) -> None:
        """Ask the process to end; one that has not begun has nothing to tidy up and is ended."""
        if self._is_ready:
            self._process.terminate()
        else:
            self._process.kill()

    def close(self, deadline: float) -> None:
        """Wait until the process has ended; it is made to at `deadline`, a `time.monotonic`."""
        self.pipe.close()
        self._process.join(max(0.0, deadline - time.monotonic()))
        self._process.kill()
        self._process.join()
        self._process.close()

    def _send(self, message: object) -> None:
        with suppress(ConnectionError):  # the process is dead, which `answer` finds out
            self.pipe.send(message)

    def _describe_end(self) -> str:
        """Return how the process ended; one that can't begin by itself is of no use to try again."""
        self._process.join(GRACE)
        self._process.kill()  # it closed its pipe and lives
        self._process.join()
        code = self._process.exitcode or 0
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        if not self._is_ready and code >= 0:
            raise MachineError(f"a worker process {how} before it could begin; see what it wrote above")
        return how


def _signal_name(number: int) -> str:
    if number == signal.SIGKILL:
        return "SIGKILL, perhaps because memory ran out"
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def run_in_processes(
    run_shard: Callable[[P, S], None], plan: P, tasks: Tasks[S], engine: LocalEngine
) -> Iterator[ShardOutcome]:
    """Yield outcomes as `run_shards` says."""
    start = partial(Worker[S], (run_shard, plan), engine.threads)
    workers: list[Worker[S]] = []
    try:
        first = islice(iter(tasks.take, None), engine.workers or default_workers())
        workers.extend(map(start, first))
        while workers:
            ready = set(wait([worker.pipe for worker in workers]))
            for worker in [worker for worker in workers if worker.pipe in ready]:
                outcome = _hear(worker, workers, start, tasks)
                if outcome is not None:
                    yield outcome
    finally:
        _stop(workers)


def _hear(
    worker: Worker[S], workers: list[Worker[S]], start: Callable[[Task[S]], Worker[S]], tasks: Tasks[S]
) -> ShardOutcome | None:
    """Take what a worker sent, or its death, and let the next shard begin; return what became of its last."""
    task = worker.task
    try:
        answer = worker.answer()
    except ChildProcessError as death:
        workers.remove(worker)
        worker.close(0.0)
        outcome = tasks.died(task, str(death))
        if (following := tasks.take()) is not None:
            workers.append(start(following))
        return outcome
    if answer is None:
        return None
    outcome = outcome_of(task.index, answer[0])
    if (following := tasks.take()) is not None:
        worker.give(following)
    else:
        workers.remove(worker)
        worker.close(time.monotonic() + GRACE)
    return outcome


def _stop(workers: list[Worker[S]]) -> None:
    for worker in workers:
        worker.stop()
    deadline = time.monotonic() + GRACE
    for worker in workers:
        worker.close(deadline)


@contextmanager
def _starting(threads: int | None) -> Iterator[None]:
    """Let a process that starts in this block have so many threads, and no interrupt before it can heed it.

    The variables must be there before the process imports anything, its main module included.
    """
    held = _hold_signals()
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update({} if threads is None else dict.fromkeys(_THREADS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if held is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _hold_signals() -> set[int] | None:
    """Hold back the terminal's signals, for this thread and for processes that it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    resource_tracker.ensure_running()  # starting it with the first process would let them through again
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, OF_THE_TERMINAL)}
