"""Where the sketches of an evaluation are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.evaluation import EvaluationReport


def sketch_paths(target: Path | None, report: EvaluationReport) -> dict[str, Path]:
    """Return the file of each category's sketch.

    An `.npz` is that of a single category, and with several has each one's name before its suffix. Any other
    `target` is a folder.
    """
    if target is None:
        return {}
    slugs = {name: category.slug for name, category in report.per_category.items()}
    if target.suffix.lower() != ".npz":
        return {name: target / f"{slug}.metric_sketch.npz" for name, slug in slugs.items()}
    if len(slugs) == 1:
        return dict.fromkeys(slugs, target)
    return {name: target.with_name(f"{target.stem}.{slug}{target.suffix}") for name, slug in slugs.items()}
