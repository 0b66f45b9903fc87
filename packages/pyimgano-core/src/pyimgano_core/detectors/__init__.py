"""Detectors learn from normal images and return a scorer graph; they hold hyper-parameters only and no data.

Importing this package, or creating a detector, does not import torch: fitting does.
"""

from pyimgano_core.detectors.contract import (
    Detector,
    ImageSource,
    MemoryEstimate,
    MemoryPredicting,
    ScorerGraph,
    Updatable,
)
from pyimgano_core.detectors.fitting import check_model
from pyimgano_core.detectors.registry import create_detector, detector_names

__all__ = [
    # The contract
    "Detector",
    "ImageSource",
    "ScorerGraph",
    # What a detector may do besides
    "MemoryEstimate",
    "MemoryPredicting",
    "Updatable",
    # By name
    "check_model",
    "create_detector",
    "detector_names",
]
