"""A worker process of the local engine: runs the shards that come through its pipe, one after the other."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from typing import TYPE_CHECKING, NoReturn

from pyimgano_core.engine._shards import attempt

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from types import FrameType
    from typing import Any

GRACE = 3.0  # seconds to unwind in
OF_THE_TERMINAL = {signal.SIGINT, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ())}
"""What a terminal sends to the parent and its workers alike: the parent decides what it means."""


def serve(pipe: Connection[Any, Any]) -> None:
    """Say that all is ready, then answer each shard with what `attempt` returns, until the pipe is closed."""
    _heed_signals()
    threading.Thread(target=_follow_parent, daemon=True).start()
    with suppress(EOFError, ConnectionError):
        run_shard, plan = pipe.recv()
        pipe.send(True)
        while True:
            pipe.send(attempt(run_shard, plan, pipe.recv()))


def _heed_signals() -> None:
    """Unwind when told to end, so that half a file is removed; leave to the parent what a terminal sends."""
    signal.signal(signal.SIGTERM, _unwind)
    for number in OF_THE_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OF_THE_TERMINAL)


def _unwind(number: int, _: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: unwinding is not to be cut short
    sys.exit(128 + number)


def _follow_parent() -> None:
    """End with the parent, even if it is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(128 + signal.SIGTERM)
