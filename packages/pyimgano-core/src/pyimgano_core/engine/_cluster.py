"""The engine on a Ray cluster (https://docs.ray.io/en/latest/ray-core/walkthrough.html).

A shard is a task of one processor. Ray's own retries are off: they have no end where memory runs out, and
what is given up must not depend on the engine.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pyimgano_core.engine._contract import require_address
from pyimgano_core.engine._shards import Task, Tasks, attempt, outcome_of
from pyimgano_core.errors import MachineError

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as exc:
    raise MachineError("--engine ray needs Ray: pip install 'pyimgano-core[ray]'") from exc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_core.engine._contract import RayEngine, ShardOutcome

P = TypeVar("P")
S = TypeVar("S")

_AHEAD_PER_PROCESSOR = 2
_ANSWER_SECONDS = 10.0


def run_on_ray(
    run_shard: Callable[[P, S], None], plan: P, tasks: Tasks[S], engine: RayEngine
) -> Iterator[ShardOutcome]:
    """Yield outcomes as `run_shards` says."""
    with _connected(engine.address):
        remote = ray.remote(num_cpus=1, max_retries=0)(attempt)
        shared = ray.put(plan)
        limit = engine.workers or _AHEAD_PER_PROCESSOR * max(1, int(ray.cluster_resources().get("CPU", 1)))
        running: dict[ray.ObjectRef[Any], Task[S]] = {}
        while True:
            while len(running) < limit and (task := tasks.take()) is not None:
                running[remote.remote(run_shard, shared, task.shard)] = task
            if not running:
                return
            ended, _ = ray.wait(list(running), num_returns=1)
            outcome = _outcome(ended[0], running.pop(ended[0]), tasks)
            if outcome is not None:
                yield outcome


def _outcome(reference: ray.ObjectRef[Any], task: Task[S], tasks: Tasks[S]) -> ShardOutcome | None:
    try:
        error: Exception | None = ray.get(reference)
    except RayTaskError as exc:  # `attempt` raises nothing: it could not even be loaded
        cause = str(exc.cause).strip().splitlines()[0]
        message = f"a node of the Ray cluster can't run the shards ({cause}); install the same packages there"
        raise MachineError(message) from exc
    except RayError as exc:
        return tasks.died(task, f"died ({type(exc).__name__}); see the log of its node")
    return outcome_of(task.index, error)


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Join a cluster that runs; none is ever started.

    Raises:
        UsageError: the address is none.
        MachineError: the cluster can't be reached, or runs other versions.
    """
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", address)  # Ray would follow it to anywhere
    require_address(address)
    if address != "auto":
        _require_answer(address)
    logs = ray._private.worker  # noqa: SLF001 - Ray has no other way to keep its notes off stdout
    notes, logs._worker_logs_enabled = logs._worker_logs_enabled, False  # noqa: SLF001
    try:
        _join(address)
        yield
    finally:
        ray.shutdown()
        logs._worker_logs_enabled = notes  # noqa: SLF001


def _join(address: str) -> None:
    try:
        with _own_sigterm():
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, RayError) as exc:
        reason = str(exc).strip().splitlines()[0]
        raise MachineError(f"the Ray cluster at {address} can't be used: {reason}") from exc


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Hold SIGTERM back, and let it mean afterwards what it did before.

    Ray puts in a handler of its own, with another exit code, and one below Python's that aborts the process.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not (is_main and hasattr(signal, "pthread_sigmask")):  # Ray sets Python's handler here alone, too
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _require_answer(address: str) -> None:
    """Find out at once whether anyone listens; Ray itself asks for more than two minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except (OSError, OverflowError) as exc:
        raise MachineError(f"the Ray cluster at {address} can't be reached: {exc}") from exc
