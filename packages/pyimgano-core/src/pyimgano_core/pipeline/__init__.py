"""The one run of a category: fit, freeze the graph, calibrate, evaluate. Others are shells around it."""

from pyimgano_core.pipeline._category import CategoryRun, run_category
from pyimgano_core.pipeline._report import category_model, int8_report, summarize_split
from pyimgano_core.pipeline._state import Addition, load_state

__all__ = [
    "Addition",
    "CategoryRun",
    "category_model",
    "int8_report",
    "load_state",
    "run_category",
    "summarize_split",
]
