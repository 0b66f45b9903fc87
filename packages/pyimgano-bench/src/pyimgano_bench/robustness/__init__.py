"""How models and thresholds of clean images do on disturbed ones."""

from pyimgano_bench.robustness._study import run_robustness
from pyimgano_bench.robustness._tables import text_report

__all__ = ["run_robustness", "text_report"]
