"""Judgement: is one detector better than another over the same test images, by how much, and how sure?"""

from pyimgano_bench.compare._contract import Comparisons, Gate, Judged, PairComparison
from pyimgano_bench.compare._judge import METRICS, ask_gate, compare_folders, gate
from pyimgano_bench.compare._pairing import split_place
from pyimgano_bench.compare._sides import load_sides
from pyimgano_bench.compare._text import markdown_report, text_report
from pyimgano_bench.compare._write import write_comparison

__all__ = [
    # contracts
    "Comparisons",
    "Gate",
    "Judged",
    "PairComparison",
    # what makes them
    "METRICS",
    "ask_gate",
    "compare_folders",
    "gate",
    "load_sides",
    "split_place",
    # what shows them
    "markdown_report",
    "text_report",
    "write_comparison",
]
