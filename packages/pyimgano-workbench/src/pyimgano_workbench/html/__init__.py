"""The static HTML report of a run: one file, no script, no network."""

from pyimgano_workbench.html._page import render_html

__all__ = ["render_html"]
