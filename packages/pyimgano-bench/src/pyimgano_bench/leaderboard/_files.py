"""A benchmark's folder: what is read of it, and the files that show its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.cost._contract import CostResults
from pyimgano_bench.leaderboard._page import render_leaderboard
from pyimgano_bench.references import find_published
from pyimgano_bench.tables import csv_report, markdown_report
from pyimgano_core.artifacts import read_artifact, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_bench.results import BenchResults


def write_reports(folder: Path, results: BenchResults, *, references: bool = False) -> None:
    """Write `results.csv`, `results.md` and `leaderboard.html`, with the cost that a `cost.json` there holds.

    Args:
        folder: the benchmark's.
        results: of the benchmark.
        references: whether what others published is shown beside them, but in the CSV.

    Raises:
        ArtifactError: the `cost.json` there can't be read.
    """
    published = find_published(results) if references else ()
    write_text(folder / "results.csv", csv_report(results))
    write_text(folder / "results.md", markdown_report(results, published))
    write_text(folder / "leaderboard.html", render_leaderboard(results, read_cost(folder), published))


def read_cost(folder: Path) -> CostResults | None:
    """Return what `cost.json` in a folder holds, None where there is none.

    Raises:
        ArtifactError: it can't be read.
    """
    path = folder / "cost.json"
    return read_artifact(path, CostResults) if path.is_file() else None
