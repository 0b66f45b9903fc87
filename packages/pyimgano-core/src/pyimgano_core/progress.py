"""Progress of long steps on stderr: count, rate and time left; off a terminal nothing, or a line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Sized
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

_REFRESH_SECONDS = 0.2
_LOG_SECONDS = 60.0
_MINUTE, _HOUR = 60.0, 3600.0


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
        try:
            self._show(describe(label, 0, _total(items, total), 0.0))  # the first item may take long
            yield from _counted(items, label, total, self._show, _REFRESH_SECONDS)
        finally:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, text: str) -> None:
        """Leave a line that stays, above the one that changes."""
        self._stream.write(f"\r\x1b[K{text}\n")
        self._stream.flush()

    def _show(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()


class LogProgress:
    """A line a minute, of each step that takes longer than that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield `items`, and tell after an item how many have passed where the last line is a minute old."""
        yield from _counted(items, label, total, self._show, _LOG_SECONDS)

    def _show(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def _counted(
    items: Iterable[T], label: str, total: int | None, show: Callable[[str], None], every: float
) -> Iterator[T]:
    """Yield `items`, and `show` how far they are after the one that ends so many seconds since the last."""
    total = _total(items, total)
    start = shown = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - shown >= every:
            shown = now
            show(describe(label, done, total, now - start))


def _total(items: Iterable[T], total: int | None) -> int | None:
    return len(items) if total is None and isinstance(items, Sized) else total


def describe(label: str, done: int, total: int | None, seconds: float) -> str:
    """Return `label 12/40  3.1/s  9 s left`; what is slow is counted by the minute or the hour."""
    rate = done / seconds if seconds > 0 else 0.0
    speed = _speed(rate)
    if total is None:
        return f"{label} {done}  {speed}"
    left = f"  {_duration((total - done) / rate)} left" if rate > 0 else ""
    return f"{label} {done}/{total}  {speed}{left}"


def _speed(rate: float) -> str:
    if 0 < rate * _MINUTE < 0.1:  # noqa: PLR2004 - where one digit no longer tells
        return f"{rate * _HOUR:.1f}/h"
    return f"{rate * _MINUTE:.1f}/min" if 0 < rate < 1 else f"{rate:.1f}/s"


def _duration(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} h"


def for_terminal(stream: TextIO | None = None) -> Progress:
    """Return a progress that shows itself where `stream` (stderr) is a terminal, else a silent one."""
    stream = sys.stderr if stream is None else stream
    return TerminalProgress(stream) if stream.isatty() else SilentProgress()


def for_terminal_or_log(stream: TextIO | None = None) -> Progress:
    """Return a progress that shows itself on a terminal, and by a line a minute where `stream` is none."""
    stream = sys.stderr if stream is None else stream
    return TerminalProgress(stream) if stream.isatty() else LogProgress(stream)
