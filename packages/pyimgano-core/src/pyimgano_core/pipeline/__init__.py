"""The one run of a category: fit, freeze the graph, calibrate, evaluate. Others are shells around it."""

from pyimgano_core.pipeline._category import CategoryRun, run_category
from pyimgano_core.pipeline._report import (
    category_model,
    checkpoint_path,
    required_features,
    summarize_split,
)

__all__ = [
    "CategoryRun",
    "category_model",
    "checkpoint_path",
    "required_features",
    "run_category",
    "summarize_split",
]
