"""Where the sketches of an evaluation are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.evaluation import EvaluationReport


def sketch_paths(target: Path | None, report: EvaluationReport) -> dict[str, Path]:
    """Return the file of each category's sketch: `target` itself where it is an `.npz`, else in that folder.

    Raises:
        UsageError: one file is named for several categories.
    """
    if target is None:
        return {}
    if target.suffix.lower() != ".npz":
        return {
            name: target / f"{category.slug}.metric_sketch.npz"
            for name, category in report.per_category.items()
        }
    if len(report.categories) > 1:
        names = ", ".join(map(repr, report.categories))
        raise UsageError(f"--sketch {str(target)!r} is one file for {names}: name a folder, or a --category")
    return dict.fromkeys(report.categories, target)
