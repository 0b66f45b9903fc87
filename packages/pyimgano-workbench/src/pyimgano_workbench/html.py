"""The static HTML report of a run: one file, no script, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import RunReport


def render_html(report: RunReport, folder: Path) -> str:
    """Return the page of a run whose files stand in `folder`."""
    raise NotImplementedError
