"""A comparison as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.compare._text import markdown_report
from pyimgano_core.artifacts import write_artifact, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_bench.compare._contract import Comparisons


def write_comparison(folder: Path, found: Comparisons) -> None:
    """Write `comparison.json` and `comparison.md` into a folder."""
    write_artifact(folder / "comparison.json", found)
    write_text(folder / "comparison.md", markdown_report(found))
