"""How detectors do that have only a few normal images."""

from pyimgano_bench.fewshot._study import run_few_shot
from pyimgano_bench.fewshot._tables import text_report

__all__ = ["run_few_shot", "text_report"]
