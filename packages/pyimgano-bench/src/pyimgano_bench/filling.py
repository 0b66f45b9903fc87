"""Fills one cell: what a worker process, a node of a cluster, or this very process runs."""

from __future__ import annotations

from contextlib import chdir
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from pyimgano_bench.cell import (
    BenchCell,
    cell_config,
    cell_key,
    read_valid_cell,
    settings_key,
    slug_of,
    write_cell,
    write_per_image,
    write_sketch,
)
from pyimgano_bench.failures import DETECTOR_FAILURES, DetectorError
from pyimgano_bench.plan import Place, Plan
from pyimgano_bench.rounds import find_category, prepare_round
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.engine import quarantine
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import MachineError, PyimganoError
from pyimgano_core.pipeline import run_category
from pyimgano_core.progress import Progress, for_terminal
from pyimgano_core.thresholds import count_groups

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.preparation import Prepared

_KILLER = "killed two processes that ran it: its detector crashes, or memory runs out"


@define(frozen=True, kw_only=True)
class Work:
    """What all cells of a sweep share; it travels to each process once.

    Attributes:
        run: tells this sweep from others in the same folder and in the same process.
        plan: what is run.
        folder: where cells go.
        working_folder: what relative paths start from, in each process.
        versions: of everything that has a part in a score.
        progress: shows the long steps; None for what the process itself has of a terminal.
    """

    run: str
    plan: Plan = field(eq=False)
    folder: Path = field(eq=False)
    working_folder: Path = field(eq=False)
    versions: dict[str, str | None] = field(eq=False)
    progress: Progress | None = field(eq=False)

    def config(self, place: Place) -> RunConfig:
        """Return the run config of a cell."""
        contender = self.plan.rounds[place.round].contenders[place.contender]
        return cell_config(contender.config, place.category)

    def blank(self, place: Place) -> BenchCell:
        """Return a cell as it is before it runs; its key says nothing of its data yet."""
        round_ = self.plan.rounds[place.round]
        config = unstructure(self.config(place))
        return BenchCell(
            key=settings_key(config, self.versions, self.plan.limit),
            detector=round_.contenders[place.contender].label,
            dataset=round_.dataset,
            category=place.category,
            seed=round_.seed,
            status="failed",
            config=config,
            trial=self.plan.limit,
            versions=self.versions,
        )


def fill_cell(work: Work, place: Place) -> None:
    """Run a cell and write its files; one that stands is left as it is.

    What is prepared stays for the next cell of the same round. A cell that killed two processes of this sweep
    is not run again.

    Raises:
        PyimganoError: the cell can't be run; others may.
        OSError: it can't be written, such as for want of room.
    """
    with chdir(work.working_folder):  # that of the command, wherever this process runs
        cell = work.blank(place)
        journal = work.folder / f".{slug_of(cell)}.{work.run}.journal"
        for _, is_safe in quarantine([place], journal):
            if not is_safe:
                raise MachineError(_KILLER)
            _fill(work, place, cell)


def _fill(work: Work, place: Place, cell: BenchCell) -> None:
    prepared = _prepared(work, place.round)
    if isinstance(prepared, PyimganoError):
        raise prepared
    category = find_category(prepared, place.category)
    config, base, slug = work.config(place), work.plan.base, slug_of(cell)
    key = cell_key(config, base, category, prepared, work.versions, trial=work.plan.limit)
    if read_valid_cell(work.folder, slug, key) is not None:
        return
    try:
        run = run_category(category, prepared, config, base, _progress(work))
    except DETECTOR_FAILURES as exc:
        raise DetectorError(exc) from exc
    done = evolve(
        cell,
        key=key,
        status="ok",
        report=run.report,
        per_image=write_per_image(work.folder, slug, run.predictions),
        metric_sketch=write_sketch(work.folder, slug, run.sketch),
        seconds=run.seconds,
        group_count=count_groups([line.group_id for line in run.predictions if line.score is not None]),
    )
    write_cell(work.folder, slug, done)


@lru_cache(maxsize=1)
def _prepared(work: Work, index: int) -> Prepared | PyimganoError:
    """Return a round's data set, or why there is none, which holds for all cells of the round."""
    try:
        _require_versions(work.versions)
        return prepare_round(work.plan.rounds[index], work.plan, _progress(work))
    except PyimganoError as exc:
        return exc


def _require_versions(expected: dict[str, str | None]) -> None:
    """Refuse to write cells that would claim other versions than they were computed with."""
    found = installed_versions()
    other = [
        f"{name} {found.get(name)}, not {expected[name]}"
        for name in expected
        if found.get(name) != expected[name]
    ]
    if other:
        raise MachineError(
            f"the process that runs cells has other versions ({', '.join(other)}); install the same"
        )


def _progress(work: Work) -> Progress:
    return for_terminal() if work.progress is None else work.progress
