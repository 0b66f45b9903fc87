"""Runs a study over the cases of a plan: skips what stands, records what fails, and goes on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, evolve

from pyimgano_bench.cell import CELLS, CellError, cell_config, cell_key, cell_slug
from pyimgano_bench.study.cell import StudyCell, StudySweep, read_valid
from pyimgano_bench.trial import cut_short
from pyimgano_core.artifacts import to_json, write_artifact
from pyimgano_core.contracts.config import RunConfig
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.environment import installed_versions
from pyimgano_core.errors import DataError, ExitCode, PyimganoError, UsageError
from pyimgano_core.preparation import Prepared, PreparedCategory, prepare_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyimgano_bench.plan import Plan, Round
    from pyimgano_core.progress import Progress

    ErrorSink = Callable[[str, BaseException], None]

# Of a detector that can't do its work; anything else is a bug of this program and ends it.
_FAILURES = (PyimganoError, RuntimeError, ValueError, MemoryError)


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
        UsageError: the folder holds something else.
    """
    if output.exists() and (not output.is_dir() or (any(output.iterdir()) and not (output / CELLS).is_dir())):
        raise UsageError(f"{output} holds other files and no study; give another --output-dir")
    runner = _Runner(study, plan, output / CELLS, on_error)
    cells = (cell for round_ in plan.rounds for cell in runner.run_round(round_, progress))
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
            prepared = _prepare(round_, self._plan, progress)
        except PyimganoError as exc:
            self._on_error(f"{round_.dataset}, seed {round_.seed}", exc)
            yield from ((self._fail(cell, exc), False) for cell, _ in self._blanks(round_))
            return
        for cell, config in self._blanks(round_):
            yield self._fill(cell, config, prepared)

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
        category = next((c for c in prepared.categories if c.split.category == cell.category), None)
        if category is None:
            exc = DataError(f"category {cell.category!r} has no usable record")
            self._on_error(cell.place, exc)
            return self._fail(cell, exc), False
        cell = evolve(cell, key=self._key(cell, config, category, prepared))
        standing = read_valid(self._path(cell), cell.key)
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
        except _FAILURES as exc:
            self._on_error(cell.place, exc)
            return self._fail(cell, exc), False
        return self._write(evolve(cell, status="ok", rows=tuple(map(unstructure, rows)))), False

    def _key(self, cell: StudyCell, config: RunConfig, category: PreparedCategory, prepared: Prepared) -> str:
        own = cell_key(config, self._plan.base, category, prepared, self._versions, trial=cell.trial)
        names = {"study": cell.study, "part": cell.part, "detector": cell.detector, "dataset": cell.dataset}
        document = {**names, "settings": self._study.settings, "cell": own}
        return hashlib.sha256(to_json(document).encode("utf-8", "surrogatepass")).hexdigest()

    def _fail(self, cell: StudyCell, error: BaseException) -> StudyCell:
        code = error.exit_code if isinstance(error, PyimganoError) else ExitCode.SOME_INPUTS_FAILED
        message = str(error) or type(error).__name__
        failure = CellError(type=type(error).__name__, message=message, exit_code=int(code))
        return self._write(evolve(cell, error=failure))

    def _write(self, cell: StudyCell) -> StudyCell:
        write_artifact(self._path(cell), cell)
        return cell

    def _path(self, cell: StudyCell) -> Path:
        contender = f"{cell.study}\n{cell.detector}\n{cell.part}"  # no label holds a line's end
        slug = cell_slug(cell.dataset, contender, cell.category, cell.seed, cell.trial)
        return self._folder / f"{slug}.json"


def _prepare(round_: Round, plan: Plan, progress: Progress) -> Prepared:
    prepared = prepare_dataset(round_.config, plan.base, progress)
    untested = [category.split.category for category in prepared.categories if not category.split.test]
    if untested:
        names = ", ".join(map(repr, untested))
        raise UsageError(f"without test images there is nothing to measure ({names}); add some")
    return prepared if plan.limit is None else cut_short(prepared, round_.config, plan.limit)
