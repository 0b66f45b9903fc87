"""One function for all forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_preflight._text import render_concise, render_report, render_statistics
from pyimgano_preflight.outputs.document import render_json
from pyimgano_preflight.outputs.github import render_commands
from pyimgano_preflight.outputs.junit import render_junit
from pyimgano_preflight.outputs.sarif import render_sarif

if TYPE_CHECKING:
    from pyimgano_preflight.runner import Outcome


@define(frozen=True, kw_only=True)
class Emission:
    """How text for people looks: in colour, or as counts only."""

    colour: bool = False
    statistics: bool = False


def render(name: str, outcome: Outcome, emission: Emission | None = None) -> str:
    """Return the outcome in the form `name`, one of `_options.FORMAT_NAMES`, without a line end."""
    report, issues = outcome.report, outcome.issues
    folders = () if outcome.inspection is None else outcome.inspection.folders
    match name:
        case "json":
            return render_json(report)
        case "sarif":
            return render_sarif(report, issues, folders)
        case "junit":
            return render_junit(report, issues)
        case "github":
            return render_commands(report, issues)
        case "html":
            from pyimgano_preflight.html import render_html  # noqa: PLC0415 - only this form needs Pillow

            return render_html(report, outcome.inspection)
        case "concise":
            return render_concise(report, issues)
    emission = emission or Emission()
    if emission.statistics:
        return render_statistics(report, issues)
    return render_report(report, colour=emission.colour)
