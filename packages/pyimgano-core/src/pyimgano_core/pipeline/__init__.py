"""The one run of a category: fit, freeze the graph, calibrate, evaluate. Others are shells around it."""

from pyimgano_core.pipeline._category import CategoryRun, run_category
from pyimgano_core.pipeline._fit import Fitted, fit_category
from pyimgano_core.pipeline._inputs import CategoryInputs, category_inputs
from pyimgano_core.pipeline._report import category_model, int8_report, summarize_split
from pyimgano_core.pipeline._state import Addition, load_state

__all__ = [
    "Addition",
    "CategoryInputs",
    "CategoryRun",
    "Fitted",
    "category_inputs",
    "category_model",
    "fit_category",
    "int8_report",
    "load_state",
    "run_category",
    "summarize_split",
]
