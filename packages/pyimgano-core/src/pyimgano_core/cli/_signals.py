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


class HungUp(BaseException):
    """SIGHUP arrived, for the terminal was closed: unwinds likewise; what is printed may reach nobody."""


_CAUSES: dict[int, type[BaseException]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
if hasattr(signal, "SIGHUP"):  # not on Windows
    _CAUSES[signal.SIGHUP] = HungUp
_AS_THE_SYSTEM_HAS_IT = (signal.SIG_DFL, signal.default_int_handler)


def listen() -> None:
    """Let SIGINT raise `KeyboardInterrupt`, SIGTERM `Terminated`, SIGHUP `HungUp`.

    Whoever started the command may have it ignore SIGINT or SIGHUP, as `nohup` does: that stays so.
    """
    for number in _CAUSES:
        if number == signal.SIGTERM or signal.getsignal(number) in _AS_THE_SYSTEM_HAS_IT:
            signal.signal(number, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        later = threading.Timer(_AGAIN, _send, (number,))
        later.daemon = True
        later.start()
        return
    raise _CAUSES[number]


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
