"""The report as one static HTML file: no script, nothing loaded from elsewhere, at most some 5 MB."""

from pyimgano_preflight.html._page import render_html

__all__ = ["render_html"]
