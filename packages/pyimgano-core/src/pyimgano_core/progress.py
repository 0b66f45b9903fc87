"""Progress of long steps on stderr: count, rate and time left; silent where stderr is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sized
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

_REFRESH_SECONDS = 0.2


class Progress(Protocol):
    """What a long step needs in order to say how far it is."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield `items`, showing how many of `total` have passed."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A progress that somebody reads: worth the time that finding out a fact for it takes."""

    def tell(self, text: str) -> None:
        """Leave a line that stays."""
        ...


class SilentProgress:
    """Shows nothing."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:  # noqa: ARG002
        """Yield `items` unchanged."""
        yield from items


class TerminalProgress:
    """One line on a terminal, rewritten in place a few times a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield `items` and keep the line current; the line is cleared at the end."""
        if total is None:
            total = len(items) if isinstance(items, Sized) else None
        start = shown = time.monotonic()
        done = 0
        try:
            self._show(label, done, total, 0.0)  # the first item may take long
            for item in items:
                yield item
                done += 1
                now = time.monotonic()
                if now - shown >= _REFRESH_SECONDS:
                    shown = now
                    self._show(label, done, total, now - start)
        finally:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, text: str) -> None:
        """Leave a line that stays, above the one that changes."""
        self._stream.write(f"\r\x1b[K{text}\n")
        self._stream.flush()

    def _show(self, label: str, done: int, total: int | None, seconds: float) -> None:
        self._stream.write(f"\r\x1b[K{describe(label, done, total, seconds)}")
        self._stream.flush()


def describe(label: str, done: int, total: int | None, seconds: float) -> str:
    """Return `label 12/40  3.1/s  9 s left`."""
    rate = done / seconds if seconds > 0 else 0.0
    if total is None:
        return f"{label} {done}  {rate:.1f}/s"
    left = f"  {(total - done) / rate:.0f} s left" if rate > 0 else ""
    return f"{label} {done}/{total}  {rate:.1f}/s{left}"


def for_terminal(stream: TextIO | None = None) -> Progress:
    """Return a progress that shows itself where `stream` (stderr) is a terminal, else a silent one."""
    stream = sys.stderr if stream is None else stream
    return TerminalProgress(stream) if stream.isatty() else SilentProgress()
