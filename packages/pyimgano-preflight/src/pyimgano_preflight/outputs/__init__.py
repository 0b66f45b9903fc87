"""The forms that a report can take: for people, for pipelines and for code hosts."""

from pyimgano_preflight.outputs._render import Emission, render
from pyimgano_preflight.outputs.github import render_summary
from pyimgano_preflight.outputs.jsonl import write_issues

__all__ = [
    # rendering
    "Emission",
    "render",
    "render_summary",
    # the full list
    "write_issues",
]
