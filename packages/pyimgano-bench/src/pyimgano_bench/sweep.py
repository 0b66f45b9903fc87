"""The sweep: fills every cell of a plan, skips those that stand, and goes on past those that fail."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, Protocol

from attrs import define, evolve

from pyimgano_bench.cell import (
    CELLS,
    BenchCell,
    CellError,
    cell_config,
    cell_key,
    cell_slug,
    holds_other_result,
    read_valid_cell,
    write_cell,
    write_per_image,
    write_sketch,
)
from pyimgano_core.artifacts import to_json
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.errors import DataError, ExitCode, PyimganoError, UsageError
from pyimgano_core.pipeline import run_category
from pyimgano_core.preparation import prepare_dataset
from pyimgano_core.thresholds import count_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_bench.plan import Contender, Plan, Round
    from pyimgano_core.preparation import Prepared
    from pyimgano_core.progress import Progress

Before = Literal["nothing", "same", "other"]  # what a cell's file held

# Of a detector that can't do its work; anything else is a bug of this program and ends it.
_CELL_FAILURES = (PyimganoError, RuntimeError, ValueError, MemoryError)


class ErrorSink(Protocol):
    """Is told of each failure as it happens."""

    def __call__(self, where: str, error: BaseException) -> None:
        """Tell that `where` failed with `error`."""
        ...


@define(frozen=True, kw_only=True)
class Sweep:
    """All cells of a plan, in its order, and what their files held before.

    `reused` of them had been computed before. `replaced` took the place of a result of other settings, data
    or versions. `others` are finished cells in the same folder that the plan does not have.
    """

    cells: tuple[BenchCell, ...]
    reused: int
    replaced: int = 0
    others: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """Say how the sweep ended.

        0 where all went well, 2 where a data set has errors, a failure's own code where it is all that there
        is, else 4 for cells or images that failed.
        """
        failures = [cell.error for cell in self.cells if cell.error is not None]
        codes = {failure.exit_code for failure in failures}
        if ExitCode.DATA_ERRORS in codes:
            return ExitCode.DATA_ERRORS
        if len(failures) == len(self.cells) and len(codes) == 1:
            return ExitCode(codes.pop())
        unread = any(cell.report is not None and cell.report.failures for cell in self.cells)
        return ExitCode.SOME_INPUTS_FAILED if failures or unread else ExitCode.DONE


def run_sweep(
    plan: Plan, output: Path, versions: dict[str, str | None], progress: Progress, on_error: ErrorSink
) -> Sweep:
    """Fill the plan's cells under `output`.

    Args:
        plan: what to run.
        output: the benchmark's folder; cells that it holds and that are still valid are not run again.
        versions: of everything that has a part in a score.
        progress: shows the long steps.
        on_error: is told of each failure.
    """
    runner = _Runner(plan.base, output / CELLS, versions, progress, on_error)
    outcomes = (outcome for round_ in plan.rounds for outcome in runner.run_round(round_))
    found = list(progress.track(outcomes, "cells", plan.cell_count))
    own = {f"{_slug(cell)}.json" for cell, _ in found}
    before = [state for _, state in found]
    return Sweep(
        cells=tuple(cell for cell, _ in found),
        reused=before.count("same"),
        replaced=before.count("other"),
        others=sum(path.name not in own for path in (output / CELLS).glob("*.json")),
    )


class _Runner:
    def __init__(
        self,
        base: Path,
        folder: Path,
        versions: dict[str, str | None],
        progress: Progress,
        on_error: ErrorSink,
    ) -> None:
        self._base = base
        self._folder = folder
        self._versions = versions
        self._progress = progress
        self._on_error = on_error

    def run_round(self, round_: Round) -> Iterator[tuple[BenchCell, Before]]:
        """Yield the round's cells, and what each one's file held before."""
        try:
            prepared = _prepare(round_, self._base, self._progress)
        except PyimganoError as exc:
            self._on_error(f"{round_.dataset}, seed {round_.seed}", exc)
            for name in round_.categories:
                for contender in round_.contenders:
                    yield self._fail(self._blank(round_, contender, name), exc), "nothing"
            return
        for name in round_.categories:
            for contender in round_.contenders:
                yield self._fill(self._blank(round_, contender, name), contender, prepared)

    def _blank(self, round_: Round, contender: Contender, category: str) -> BenchCell:
        config = unstructure(cell_config(contender.config, category))
        return BenchCell(
            key=hashlib.sha256(to_json(config).encode()).hexdigest(),
            detector=contender.label,
            dataset=round_.dataset,
            category=category,
            seed=round_.seed,
            status="failed",
            config=config,
            versions=self._versions,
        )

    def _fill(self, cell: BenchCell, contender: Contender, prepared: Prepared) -> tuple[BenchCell, Before]:
        category = next((c for c in prepared.categories if c.split.category == cell.category), None)
        if category is None:
            return self._fail(cell, DataError(f"category {cell.category!r} has no usable record")), "nothing"
        config = cell_config(contender.config, cell.category)
        key = cell_key(config, self._base, category, prepared, self._versions)
        cell, slug = evolve(cell, key=key), _slug(cell)
        standing = read_valid_cell(self._folder, slug, key)
        if standing is not None:
            return standing, "same"
        before: Before = "other" if holds_other_result(self._folder, slug, key) else "nothing"
        try:
            run = run_category(category, prepared, config, self._base, self._progress)
        except _CELL_FAILURES as exc:
            self._on_error(_place(cell), exc)
            return self._fail(cell, exc), before
        cell = evolve(
            cell,
            status="ok",
            report=run.report,
            per_image=write_per_image(self._folder, slug, run.predictions),
            metric_sketch=write_sketch(self._folder, slug, run.sketch),
            seconds=run.seconds,
            group_count=count_groups([line.group_id for line in run.predictions if line.score is not None]),
        )
        write_cell(self._folder, slug, cell)
        return cell, before

    def _fail(self, cell: BenchCell, error: BaseException) -> BenchCell:
        code = error.exit_code if isinstance(error, PyimganoError) else ExitCode.SOME_INPUTS_FAILED
        message = str(error) or type(error).__name__
        cell = evolve(cell, error=CellError(type=type(error).__name__, message=message, exit_code=int(code)))
        write_cell(self._folder, _slug(cell), cell)
        return cell


def _prepare(round_: Round, base: Path, progress: Progress) -> Prepared:
    prepared = prepare_dataset(round_.config, base, progress)
    untested = [category.split.category for category in prepared.categories if not category.split.test]
    if untested:
        names = ", ".join(map(repr, untested))
        raise UsageError(
            f"without test images there is nothing to compare ({names}), so this can't run in benchmark "
            "mode; use the workbench: pyimgano-train"
        )
    return prepared


def _slug(cell: BenchCell) -> str:
    return cell_slug(cell.dataset, cell.detector, cell.category, cell.seed)


def _place(cell: BenchCell) -> str:
    return f"{cell.detector} on {cell.dataset}/{cell.category}, seed {cell.seed}"
