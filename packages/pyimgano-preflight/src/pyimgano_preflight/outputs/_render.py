"""One function for all forms."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_preflight._text import concise_lines, render_report, render_statistics
from pyimgano_preflight.outputs.document import render_json
from pyimgano_preflight.outputs.github import render_commands
from pyimgano_preflight.outputs.junit import render_junit
from pyimgano_preflight.outputs.sarif import render_sarif

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_preflight.runner import Outcome

_LINES = 1000  # of a piece


@define(frozen=True, kw_only=True)
class Emission:
    """How text for people looks: in colour, or as counts only."""

    colour: bool = False
    statistics: bool = False


def render(name: str, outcome: Outcome, emission: Emission | None = None) -> Iterator[str]:
    """Yield the outcome in the form `name`, one of `_options.FORMAT_NAMES`, in pieces of whole lines."""
    if name == "concise":
        lines = concise_lines(outcome.report, outcome.issues)
        while piece := [f"{line}\n" for line in islice(lines, _LINES)]:
            yield "".join(piece)
    else:
        yield _rendered(name, outcome, emission or Emission()) + "\n"


def _rendered(name: str, outcome: Outcome, emission: Emission) -> str:
    report, issues = outcome.report, outcome.issues
    match name:
        case "json":
            return render_json(report)
        case "sarif":
            folders = () if outcome.inspection is None else outcome.inspection.folders
            return render_sarif(report, issues, folders)
        case "junit":
            return render_junit(report, issues)
        case "github":
            return render_commands(report, issues)
        case "html":
            from pyimgano_preflight.html import render_html  # noqa: PLC0415 - only this form needs Pillow

            return render_html(report, outcome.inspection)
    if emission.statistics:
        return render_statistics(report, issues)
    return render_report(report, colour=emission.colour)
