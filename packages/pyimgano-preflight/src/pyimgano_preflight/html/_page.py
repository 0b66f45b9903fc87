"""The page: health at a glance, what was found, what the data look like, and what was not looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_preflight.html._distributions import distributions_section
from pyimgano_preflight.html._glance import categories_section, glance, unchecked_section
from pyimgano_preflight.html._issues import issues_section, overview_section
from pyimgano_preflight.html._parts import shown
from pyimgano_preflight.html._style import STYLE
from pyimgano_preflight.html._thumbnails import Album

if TYPE_CHECKING:
    from pyimgano_core.contracts.preflight import PreflightReport
    from pyimgano_preflight._inspection import Inspection


def render_html(report: PreflightReport, inspection: Inspection | None) -> str:
    """Return the page.

    Args:
        report: what was found.
        inspection: the data set, which pictures and distributions are taken from; None leaves them out, and
            after an interrupt the pictures are, too.
    """
    name = str(report.dataset.get("manifest") or report.dataset.get("root") or report.dataset.get("name", ""))
    title = shown(f"Data check: {name}" if name else "Data check")
    album = None if inspection is None or not report.complete else Album.of(report.issues, inspection)
    parts = [
        f"<h1>{title}</h1>",
        glance(report),
        overview_section(report),
        categories_section(report.categories),
        issues_section(report, album),
        "" if inspection is None else distributions_section(inspection),
        unchecked_section(report.checks),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>"
    )
