"""The sweep: fills every cell of a plan, skips those that stand, and goes on past those that fail.

A cell is a shard of core's engine, so a process that dies costs a new try of one cell, and several machines
share a plan.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_bench.cell import CELLS, BenchCell, count_others, read_cell, settings_key, slug_of, write_cell
from pyimgano_bench.failures import as_cell_error, exit_code_of
from pyimgano_bench.filling import Work, fill_cell
from pyimgano_bench.occupancy import only_job
from pyimgano_core.engine import LocalEngine, Shard, ShardOutcome, run_shards
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import PyimganoError
from pyimgano_core.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Place, Plan
    from pyimgano_core.engine import Engine
    from pyimgano_core.errors import ExitCode
    from pyimgano_core.progress import Progress

_WHOLE = Shard()


@define(frozen=True, kw_only=True)
class Sweep:
    """All cells of a plan, in its order, or those of one job, where other jobs' cells are `missing`.

    `reused` of them had been computed before. `replaced` took the place of a result of other settings, data
    or versions. `others` are finished cells in the same folder that the plan does not have.
    """

    cells: tuple[BenchCell, ...]
    reused: int
    replaced: int = 0
    others: int = 0
    missing: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """How the sweep ended."""
        failures = [cell.error.exit_code for cell in self.cells if cell.error is not None]
        unread = any(cell.report is not None and cell.report.failures for cell in self.cells)
        return exit_code_of(failures, len(self.cells), unread=unread)


def run_sweep(
    plan: Plan,
    output: Path,
    progress: Progress,
    on_error: ErrorSink,
    *,
    engine: Engine | None = None,
    shard: Shard = _WHOLE,
) -> Sweep:
    """Fill the plan's cells under `output`.

    Args:
        plan: what to run.
        output: the benchmark's folder; cells that it holds and that are still valid are not run again.
        progress: shows the long steps.
        on_error: is told of each failure.
        engine: where cells are run; None for this process.
        shard: which share of the cells is filled. Where the others' stand, too, they are looked over, and all
            are returned.

    Raises:
        UsageError: another command is at work in the folder, or the engine's address is none.
        MachineError: no process can be started, or the cluster is missing.
        OSError: the folder can't be written, such as for want of room.
    """
    work = Work(
        run=secrets.token_hex(4),
        plan=plan,
        folder=output / CELLS,
        working_folder=Path.cwd(),
        versions=installed_versions(),
        progress=_progress_of_work(engine, progress),
    )
    places = tuple(plan.places())
    first, end = (len(places) * number // shard.count for number in (shard.index, shard.index + 1))
    with only_job(work.folder, shard):
        runner = _Runner(work, places, engine, progress, on_error)
        own, others = places[first:end], (*places[:first], *places[end:])
        runner.run(own)
        missing = [place for place in others if not runner.is_there(place)]
        if others and not missing:
            runner.run([place for place in others if runner.is_finished(place)])
        return runner.sum_up(own if missing else places, len(missing))


def _progress_of_work(engine: Engine | None, progress: Progress) -> Progress | None:
    """Return what shows the steps of a cell: several processes at a time would write over each other."""
    if engine is None:
        return progress
    is_alone = isinstance(engine, LocalEngine) and engine.workers == 1
    return None if is_alone else SilentProgress()


class _Runner:
    def __init__(
        self,
        work: Work,
        places: Sequence[Place],
        engine: Engine | None,
        progress: Progress,
        on_error: ErrorSink,
    ) -> None:
        self._work = work
        self._engine = engine
        self._progress = progress
        self._on_error = on_error
        self._blanks = {place: work.blank(place) for place in places}
        self._before = {place: self._read(place) for place in places}
        self._failed: dict[Place, BenchCell] = {}
        self._told: set[tuple[int, str]] = set()

    def run(self, places: Sequence[Place]) -> None:
        """Fill the cells of these places, and record those that fail.

        The categories of a detector follow each other under a seed: a process exports their graph once.
        """
        places = sorted(places, key=lambda place: (place.round, place.contender))
        for outcome in self._progress.track(self._outcomes(places), "cells", len(places)):
            if outcome.error is not None:
                self._fail(places[outcome.index], outcome.error)

    def is_there(self, place: Place) -> bool:
        """Return whether a cell of the plan's settings stands there, finished or failed."""
        cell = self._read(place)
        return cell is not None and self._is_of_plan(place, cell)

    def is_finished(self, place: Place) -> bool:
        """Return whether a cell that did not fail stands there, of whatever settings."""
        cell = self._read(place)
        return cell is not None and cell.status == "ok"

    def sum_up(self, places: Sequence[Place], missing: int) -> Sweep:
        """Return what became of the cells of these places."""
        found = {place: self._failed.get(place) or self._read(place) for place in places}
        earlier = {place: cell for place in places if (cell := self._before[place]) and cell.status == "ok"}
        own = {slug_of(cell) for cell in self._blanks.values()}
        return Sweep(
            cells=tuple(cell for cell in found.values() if cell is not None),
            reused=sum(cell == found[place] for place, cell in earlier.items()),
            replaced=sum(self._is_replaced(place, cell) for place, cell in earlier.items()),
            others=count_others(self._work.folder, own),
            missing=missing,
        )

    def _outcomes(self, places: Sequence[Place]) -> Iterator[ShardOutcome]:
        if self._engine is None:
            return (self._run_here(index, place) for index, place in enumerate(places))
        return run_shards(fill_cell, self._work, places, self._engine)

    def _run_here(self, index: int, place: Place) -> ShardOutcome:
        try:
            fill_cell(self._work, place)
        except PyimganoError as exc:
            return ShardOutcome(index=index, error=exc)
        return ShardOutcome(index=index)

    def _fail(self, place: Place, error: PyimganoError) -> None:
        """Record a failure; a finished cell of the same settings stays, for its data may come back."""
        blank = self._blanks[place]
        cell = self._failed[place] = evolve(blank, error=as_cell_error(error))
        message = f"{type(error).__name__}: {error}"
        if (place.round, message) not in self._told:
            self._told.add((place.round, message))
            self._on_error(f"{cell.detector} on {cell.dataset}/{cell.category}, seed {cell.seed}", error)
        if not (self.is_finished(place) and self.is_there(place)):
            write_cell(self._work.folder, slug_of(cell), cell)

    def _read(self, place: Place) -> BenchCell | None:
        return read_cell(self._work.folder, slug_of(self._blanks[place]))

    def _is_of_plan(self, place: Place, cell: BenchCell) -> bool:
        return settings_key(cell.config, cell.versions, cell.trial) == self._blanks[place].key

    def _is_replaced(self, place: Place, earlier: BenchCell) -> bool:
        cell = self._read(place)
        return cell is not None and cell.key != earlier.key
