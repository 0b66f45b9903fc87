"""Signals that ask for an end unwind the program as exceptions, but never out of the middle of an import.

A module that is cut while it is imported breaks whoever imports it next, and a native one aborts the process.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_IMPORT = "<frozen importlib._bootstrap>"
_AGAIN = 0.1  # seconds


class Terminated(BaseException):
    """SIGTERM arrived: unwinds like an interrupt, so that nothing is left half-written."""


def listen() -> None:
    """Let SIGTERM raise `Terminated` and SIGINT `KeyboardInterrupt`; an ignored SIGINT stays so."""
    signal.signal(signal.SIGTERM, _unwind)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        later = threading.Timer(_AGAIN, _send, (number,))
        later.daemon = True
        later.start()
        return
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _send(number: int) -> None:
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):  # wakes the main thread if it waits
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename != _IMPORT:
        frame = frame.f_back
    return frame is not None
