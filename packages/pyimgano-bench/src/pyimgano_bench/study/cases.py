"""Runs a study over the cases of a plan: skips what stands, records what fails, and goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, evolve

from pyimgano_bench.cell import CELLS, cell_config, cell_key, cell_slug
from pyimgano_bench.failures import DETECTOR_FAILURES, DetectorError, as_cell_error
from pyimgano_bench.occupancy import only_job
from pyimgano_bench.outputs import check_folder
from pyimgano_bench.rounds import find_category, prepare_round
from pyimgano_bench.study.cell import StudyCell, StudySweep, read_valid
from pyimgano_core.artifacts import to_json, write_artifact
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.engine import Shard
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import PyimganoError
from pyimgano_core.preparation import Prepared, PreparedCategory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_bench.failures import ErrorSink
    from pyimgano_bench.plan import Plan, Round
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Case:
    """A contender on one category under one seed; relative paths of its config start from `base`.

    `trial` is the number of test images that the category was limited to, None for all.
    """

    detector: str
    dataset: str
    category: PreparedCategory
    prepared: Prepared
    config: RunConfig
    base: Path
    trial: int | None


class Work(Protocol):
    """What a study does with a case."""

    def __call__(self, case: Case, part: str) -> Sequence[Any]:
        """Return the rows, attrs instances, of one part of a case."""
        ...


@define(frozen=True, kw_only=True)
class Study:
    """What is done with every case: `work`, once for each of `parts`, each in a cell of its own.

    `settings` are what rows depend on besides.
    """

    name: str
    work: Work
    settings: dict[str, Any]
    parts: tuple[str, ...] = ("",)


def run_study(
    study: Study, plan: Plan, output: Path, *, progress: Progress, on_error: ErrorSink
) -> StudySweep:
    """Run a study over all cases of a plan.

    Args:
        study: what to do.
        plan: what to do it with.
        output: the study's folder; cells that it holds and that are still valid are not run again.
        progress: shows the long steps.
        on_error: is told of each failure.

    Raises:
        UsageError: the folder holds something else, or another command is at work in it.
    """
    check_folder(output)
    runner = _Runner(study, plan, output / CELLS, on_error)
    cells = (cell for round_ in plan.rounds for cell in runner.run_round(round_, progress))
    with only_job(output / CELLS, Shard()):
        found = list(progress.track(cells, study.name, plan.cell_count * len(study.parts)))
    return StudySweep(cells=tuple(cell for cell, _ in found), reused=sum(stood for _, stood in found))


class _Runner:
    def __init__(self, study: Study, plan: Plan, folder: Path, on_error: ErrorSink) -> None:
        self._study = study
        self._plan = plan
        self._folder = folder
        self._on_error = on_error
        self._versions = installed_versions()

    def run_round(self, round_: Round, progress: Progress) -> Iterator[tuple[StudyCell, bool]]:
        """Yield each cell of a round, and whether it stood already."""
        try:
            prepared = prepare_round(round_, self._plan, progress)
        except PyimganoError as exc:
            self._on_error(f"{round_.dataset}, seed {round_.seed}", exc)
            yield from ((self._fail(cell, exc), False) for cell, _ in self._blanks(round_))
            return
        for cell, config in self._blanks(round_):
            try:
                yield self._fill(cell, config, prepared)
            except PyimganoError as exc:
                self._on_error(cell.place, exc)
                yield self._fail(cell, exc), False

    def _blanks(self, round_: Round) -> Iterator[tuple[StudyCell, RunConfig]]:
        for category in round_.categories:
            for contender in round_.contenders:
                for part in self._study.parts:
                    cell = StudyCell(
                        key="",
                        study=self._study.name,
                        detector=contender.label,
                        dataset=round_.dataset,
                        category=category,
                        seed=round_.seed,
                        part=part,
                        status="failed",
                        trial=self._plan.limit,
                        versions=self._versions,
                    )
                    yield cell, cell_config(contender.config, category)

    def _fill(self, cell: StudyCell, config: RunConfig, prepared: Prepared) -> tuple[StudyCell, bool]:
        category = find_category(prepared, cell.category)
        key = self._key(cell, config, category, prepared)
        standing = read_valid(self._path(cell), key)
        if standing is not None:
            return standing, True
        case = Case(
            detector=cell.detector,
            dataset=cell.dataset,
            category=category,
            prepared=prepared,
            config=config,
            base=self._plan.base,
            trial=cell.trial,
        )
        try:
            rows = self._study.work(case, cell.part)
        except DETECTOR_FAILURES as exc:
            raise DetectorError(exc) from exc
        return self._write(evolve(cell, key=key, status="ok", rows=tuple(map(unstructure, rows)))), False

    def _key(self, cell: StudyCell, config: RunConfig, category: PreparedCategory, prepared: Prepared) -> str:
        own = cell_key(config, self._plan.base, category, prepared, self._versions, trial=cell.trial)
        names = {"study": cell.study, "part": cell.part, "detector": cell.detector, "dataset": cell.dataset}
        document = {**names, "settings": self._study.settings, "cell": own}
        return hashlib.sha256(to_json(document).encode("utf-8", "surrogatepass")).hexdigest()

    def _fail(self, cell: StudyCell, error: PyimganoError) -> StudyCell:
        return self._write(evolve(cell, error=as_cell_error(error)))

    def _write(self, cell: StudyCell) -> StudyCell:
        write_artifact(self._path(cell), cell)
        return cell

    def _path(self, cell: StudyCell) -> Path:
        contender = f"{cell.study}\n{cell.detector}\n{cell.part}"  # no label holds a line's end
        slug = cell_slug(cell.dataset, contender, cell.category, cell.seed, cell.trial)
        return self._folder / f"{slug}.json"
