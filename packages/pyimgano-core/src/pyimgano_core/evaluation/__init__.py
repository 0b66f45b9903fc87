"""Scores of test images to predictions and metrics, pixels only where the gate admits them."""

from pyimgano_core.evaluation._evaluate import Evaluation, MapSink, MapViewer, evaluate
from pyimgano_core.evaluation._means import mean_metrics
from pyimgano_core.evaluation._predictions import ScoredInput, predict
from pyimgano_core.evaluation._thresholds import DeployedThresholds

__all__ = [
    "DeployedThresholds",
    "Evaluation",
    "MapSink",
    "MapViewer",
    "ScoredInput",
    "evaluate",
    "mean_metrics",
    "predict",
]
