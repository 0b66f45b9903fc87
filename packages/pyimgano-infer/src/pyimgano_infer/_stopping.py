"""Signals that ask for an end wait until what is at work is done."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one is not on Windows


class Stop:
    """Whether an end was asked for."""

    def __init__(self) -> None:
        self.is_asked = False
        self._wake: SimpleQueue[None] = SimpleQueue()  # the one lock that a signal's handler may touch

    def ask(self) -> None:
        """Ask for an end."""
        self.is_asked = True
        self._wake.put(None)

    def wait(self, seconds: float) -> None:
        """Wait, until an end is asked for at most."""
        with suppress(Empty):
            self._wake.get(timeout=seconds)


@contextmanager
def stopping() -> Iterator[Stop]:
    """Give what a signal sets; when the block ends, the signal does what it would have done at once.

    A second signal does not wait.
    """
    stop, came = Stop(), list[int]()
    handlers = {
        number: handler
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
        if callable(handler := signal.getsignal(number))  # else it is ignored, or is to kill
    }

    def note(number: int, frame: FrameType | None) -> None:
        if stop.is_asked:
            handlers[number](number, frame)
        came.append(number)
        stop.ask()

    for number in handlers:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if came:
        handlers[came[0]](came[0], None)
