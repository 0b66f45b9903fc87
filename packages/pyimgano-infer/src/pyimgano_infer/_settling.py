"""Which of the files in a folder are to be scored now: those that a writer has surely left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_infer._scan import State, is_below

if TYPE_CHECKING:
    from pyimgano_infer._scan import Found

_PATIENCE = 10


@define(kw_only=True)
class _Waiting:
    """A file that has no line yet: since when it is in this state, and when it is to be tried."""

    state: State
    since: float
    due: float


class Settling:
    """Files on their way from being seen to having a line; what is kept is bounded by what is there now.

    Args:
        seconds: how long the size of a file and its time of change must have stayed the same.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[str, _Waiting] = {}
        self._done: dict[str, State] = {}

    def finish(self, path: str, state: State) -> None:
        """Note that a state of a file has its line."""
        self._done[path] = state
        self._waiting.pop(path, None)

    def ready(self, found: Found, now: float) -> list[str]:
        """Return the files to be scored, those that were written first at first.

        Args:
            found: what is there now.
            now: the time in seconds, of a clock that never goes back.
        """
        for path, state in found.files.items():
            if self._done.get(path) != state and not self._is_waiting(path, state):
                self._waiting[path] = _Waiting(state=state, since=now, due=now + self._seconds)
        if found.files:  # nothing at all is what a share looks like that is not mounted
            self._forget_gone(found)
        due = [
            (waiting.state[1], path)
            for path, waiting in self._waiting.items()
            if waiting.due <= now and path in found.files
        ]
        return [path for _, path in sorted(due)]

    def _is_waiting(self, path: str, state: State) -> bool:
        waiting = self._waiting.get(path)
        return waiting is not None and waiting.state == state

    def _forget_gone(self, found: Found) -> None:
        for path in (self._done.keys() | self._waiting.keys()) - found.files.keys():
            if not any(is_below(path, folder) for folder in found.unlisted):
                self._done.pop(path, None)
                self._waiting.pop(path, None)

    def waiting(self) -> list[str]:
        """Return the files that were seen and have no line yet, sorted."""
        return sorted(self._waiting)

    def state(self, path: str) -> State:
        """Return the state in which a file that is ready has settled."""
        return self._waiting[path].state

    def start_again(self, path: str) -> None:
        """Note that a file changed or vanished after all."""
        self._waiting.pop(path, None)

    def try_later(self, path: str, now: float) -> bool:
        """Return whether a damaged file gets time to become whole: ten times that of settling, all in all."""
        waiting = self._waiting[path]
        waiting.due = now + self._seconds
        return now - waiting.since < _PATIENCE * self._seconds
