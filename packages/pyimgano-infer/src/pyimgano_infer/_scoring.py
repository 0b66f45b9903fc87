"""Scores the shards that are left of a run, on an engine, and keeps account of them."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.engine import ShardError, run_shards
from pyimgano_core.errors import MachineError
from pyimgano_infer._part import find_unfinished, first_line, is_whole, kept_lines, part_path
from pyimgano_infer._work import part_of, score_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyimgano_core.engine import Engine
    from pyimgano_core.engine import Shard as Job
    from pyimgano_infer._plan import Plan
    from pyimgano_infer._shards import Shard


@define(frozen=True, kw_only=True)
class WholePart:
    """A shard whose part is whole: its place, and how many inputs it has."""

    index: int
    n_inputs: int


class Scoring:
    """The shards of a run; a few bytes are kept for each.

    Args:
        plan: what they share.
        job: which one of an array of jobs this is, whose shards alone are scored; None for all.

    Attributes:
        n_inputs: how many inputs all shards have, known when `run` has ended.
        n_scored: how many lines this run adds to those that were there.
    """

    def __init__(self, plan: Plan, job: Job | None) -> None:
        self.n_inputs = self.n_scored = 0
        self._plan = plan
        self._job = job
        self._headers: list[bytes] = []  # SHA-256 of the first line of each part
        self._earlier = find_unfinished(plan.folder)
        self._whole: deque[WholePart] = deque()  # found so, and not told yet
        self._lines_when_given_up: dict[int, int] = {}

    @property
    def n_shards(self) -> int:
        """How many shards there are; known when `run` has ended."""
        return len(self._headers)

    def is_own(self, index: int) -> bool:
        """Return whether a shard is this job's."""
        return self._job is None or index % self._job.count == self._job.index

    def count_missing(self) -> int:
        """Return how many parts, those of other jobs too, are not whole."""
        found = (first_line(part_path(self._plan.folder, index)) for index in range(self.n_shards))
        return sum(_digest(line) != header for line, header in zip(found, self._headers, strict=True))

    def run(self, shards: Iterable[Shard], engine: Engine) -> Iterator[WholePart]:
        """Yield each shard of this job when its part is whole, in no certain order.

        A shard that the engine gives up is tried again as long as its part grows.

        Raises:
            PyimganoError: a shard can't be scored, nor could the others be.
            OSError: likewise, as the other errors of `run_shards`.
        """
        left: Iterable[Shard] = self._left(shards)
        while True:
            given_up: list[Shard] = []
            at_work: dict[int, Shard] = {}
            handed = _noted(left, at_work)
            for outcome in run_shards(score_part, self._plan, handed, engine):
                shard = at_work.pop(outcome.index)
                if outcome.error is None:
                    self.n_scored += len(shard.inputs)
                    yield _whole(shard)
                elif isinstance(outcome.error, ShardError):
                    self._require_growth(shard, outcome.error)
                    given_up.append(shard)
                else:
                    raise outcome.error
                yield from self._found_whole()
            yield from self._found_whole()
            if not given_up:
                return
            left = given_up

    def _left(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """Yield the shards of this job that are to be scored, each with what an earlier run left of it."""
        for shard in shards:
            part = part_of(self._plan, shard)
            self._headers.append(_digest(part.header))
            self.n_inputs += len(shard.inputs)
            if not self.is_own(shard.index):
                continue
            if is_whole(part):
                self._whole.append(_whole(shard))
                continue
            earlier = self._earlier.get(shard.index)
            self.n_scored -= len(kept_lines(earlier, part.header))
            yield evolve(shard, earlier=earlier)

    def _found_whole(self) -> Iterator[WholePart]:
        while self._whole:
            yield self._whole.popleft()

    def _require_growth(self, shard: Shard, error: ShardError) -> None:
        part = part_of(self._plan, shard)
        lines = len(kept_lines(part.unfinished, part.header))
        if lines <= self._lines_when_given_up.get(shard.index, 0):
            hint = "and no input of it was scored; is there memory for as many --workers?"
            raise MachineError(f"{error}, {hint}")
        self._lines_when_given_up[shard.index] = lines


def _whole(shard: Shard) -> WholePart:
    return WholePart(index=shard.index, n_inputs=len(shard.inputs))


def _noted(shards: Iterable[Shard], at_work: dict[int, Shard]) -> Iterator[Shard]:
    for place, shard in enumerate(shards):
        at_work[place] = shard
        yield shard


def _digest(header: bytes) -> bytes:
    return hashlib.sha256(header).digest()
