"""The files that show a benchmark's results: CSV, Markdown and a leaderboard as one static HTML page."""

from pyimgano_bench.leaderboard._files import read_cost, write_reports
from pyimgano_bench.leaderboard._page import render_leaderboard

__all__ = ["read_cost", "render_leaderboard", "write_reports"]
