"""Scores of test images to predictions and metrics, pixels only where the gate admits them."""

from pyimgano_core.evaluation._calibration import CalibrationScores, calibrate_thresholds
from pyimgano_core.evaluation._deciding import deciding_image
from pyimgano_core.evaluation._evaluate import Evaluation, MapSink, MapViewer, SeenMap, evaluate
from pyimgano_core.evaluation._means import mean_metrics
from pyimgano_core.evaluation._predictions import ScoredInput, predict
from pyimgano_core.evaluation._provenance import ScoringFacts, with_scoring_facts
from pyimgano_core.evaluation._thresholds import DeployedThresholds

__all__ = [
    # Thresholds and where they come from
    "CalibrationScores",
    "DeployedThresholds",
    "ScoringFacts",
    "calibrate_thresholds",
    "deciding_image",
    "with_scoring_facts",
    # Metrics
    "Evaluation",
    "MapSink",
    "MapViewer",
    "ScoredInput",
    "SeenMap",
    "evaluate",
    "mean_metrics",
    "predict",
]
