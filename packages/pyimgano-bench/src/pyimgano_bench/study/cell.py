"""A cell of a study: what one contender gave on one category under one seed, in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import define, field

from pyimgano_bench.cell import CellError
from pyimgano_bench.failures import exit_code_of
from pyimgano_core.artifacts import read_artifact
from pyimgano_core.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.errors import ExitCode


@define(frozen=True, kw_only=True)
class StudyCell:
    """One cell and the `rows` that it gave; `part` tells apart the cells that a contender has on a category.

    A cell is valid while its `key` stands: settings, weights, data and versions. `trial` is the number of
    test images that a trial was limited to; null for a full cell, which a trial never is.
    """

    KIND: ClassVar[str] = "pyimgano.bench_study_cell"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_study_cell"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    key: str
    study: str
    detector: str
    dataset: str
    category: str
    seed: int
    part: str
    status: Literal["ok", "failed"]
    rows: tuple[dict[str, Any], ...] = ()
    error: CellError | None = None
    trial: int | None = None
    versions: dict[str, str | None] = field(factory=dict)

    @property
    def place(self) -> str:
        """What a person calls the cell."""
        part = f", {self.part}" if self.part else ""
        return f"{self.detector} on {self.dataset}/{self.category}, seed {self.seed}{part}"


@define(frozen=True, kw_only=True)
class StudySweep:
    """All cells of a study in the order of the plan; `reused` of them stood already."""

    cells: tuple[StudyCell, ...]
    reused: int

    @property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """The rows of all cells."""
        return tuple(row for cell in self.cells for row in cell.rows)

    @property
    def failures(self) -> tuple[str, ...]:
        """A line for each cell that failed."""
        return tuple(
            f"{cell.place} failed: {' '.join(cell.error.message.split())}"
            for cell in self.cells
            if cell.error is not None
        )

    @property
    def exit_code(self) -> ExitCode:
        """How the study ended."""
        failures = [cell.error.exit_code for cell in self.cells if cell.error is not None]
        unread = any(row.get("failed_count") for row in self.rows)
        return exit_code_of(failures, len(self.cells), unread=unread)


def read_valid(path: Path, key: str) -> StudyCell | None:
    """Return the finished cell of that key, or None."""
    try:
        cell = read_artifact(path, StudyCell)
    except ArtifactError:
        return None
    return cell if cell.key == key and cell.status == "ok" else None
