"""Scores files that have come into a folder: a line for each, unless it turns out not to be whole yet."""

from __future__ import annotations

import time
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.prediction import Failure, FileState, Prediction
from pyimgano_core.engine import map_ordered
from pyimgano_core.scoring.files import ScoredImage
from pyimgano_infer._inputs import Input
from pyimgano_infer._predict import Job, tell
from pyimgano_infer._scan import State, state_of
from pyimgano_infer._work import KILLER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_infer._journal import Journal
    from pyimgano_infer._predict import Model
    from pyimgano_infer._products import Outputs
    from pyimgano_infer._settling import Settling
    from pyimgano_infer._stopping import Stop

_DEATHS = 2
# What may be said of a file that is still being written.
_PASSING = frozenset(
    {"corrupt", "empty_file", "not_found", "not_readable", "storage_error", "truncated", "unidentified"}
)


@define(frozen=True, kw_only=True)
class _Scored:
    """A file, what was found in it, and whether it stayed the same meanwhile."""

    path: str
    state: State
    result: ScoredImage | Failure
    is_same: bool


class Arrivals:
    """Where files are scored, several at a time on threads.

    Args:
        model: what scores them.
        outputs: what is kept of them.
        workers: how many at a time; None for the processors.
        settling: what knows in which state they are to be scored.
        journal: what knows which of them kill.
    """

    def __init__(
        self, model: Model, outputs: Outputs, workers: int | None, settling: Settling, journal: Journal
    ) -> None:
        self._model = model
        self._outputs = outputs
        self._workers = workers
        self._settling = settling
        self._journal = journal

    def is_suspect(self, path: str) -> bool:
        """Return whether a process died while this file was at work: it is to be scored alone."""
        return self._journal.deaths(path, self._settling.state(path)) > 0

    def score(self, paths: Iterable[str], first: int, stop: Stop) -> Iterator[tuple[Prediction, State]]:
        """Yield the lines of files in order, and of which state; who takes one notes when it is written.

        Args:
            paths: files that are ready.
            first: the index of the first line.
            stop: when it is asked for, no more files are begun.

        Raises:
            ArtifactError: the model fails.
            MachineError: a result can't be written.
        """
        begun = takewhile(lambda _: not stop.is_asked, paths)
        files = ((path, self._settling.state(path)) for path in begun)
        scored = map_ordered(self._look_at, files, workers=self._workers)
        final = zip(filter(self._is_final, scored), count(first), strict=False)
        yield from map_ordered(self._tell, final, workers=self._workers)

    def _look_at(self, file: tuple[str, State]) -> _Scored:
        path, state = file
        deaths = self._journal.deaths(path, state)
        self._journal.begin(path, state)
        result: ScoredImage | Failure
        if deaths >= _DEATHS:
            result = Failure(code="killed_worker", message=f"{path}: {KILLER}")
        else:
            result = self._model.score(Path(path))
        return _Scored(path=path, state=state, result=result, is_same=state_of(path) == state)

    def _is_final(self, scored: _Scored) -> bool:
        """Return whether a file is to have its line; else it is looked at again when it has settled."""
        result = scored.result
        if not scored.is_same:  # as when it was listed
            self._settling.start_again(scored.path)
        elif (
            not isinstance(result, Failure)
            or result.code not in _PASSING
            or not self._settling.try_later(scored.path, time.monotonic())
        ):
            return True
        self._journal.end(scored.path, scored.state)
        return False

    def _tell(self, final: tuple[_Scored, int]) -> tuple[Prediction, State]:
        scored, index = final
        item = Input(text=scored.path, path=Path(scored.path))
        job = Job(index=index, item=item, category=self._model.category, model=self._model)
        line = tell(job, self._model, scored.result, outputs=self._outputs)
        size, modified = scored.state
        return evolve(line, file=FileState(size_bytes=size, modified_ns=modified)), scored.state

    def finish(self, path: str, state: State) -> None:
        """Note that the line of a file is written."""
        self._settling.finish(path, state)
        self._journal.end(path, state)
