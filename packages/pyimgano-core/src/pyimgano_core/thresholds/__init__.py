"""Calibration scores of normal images to a threshold that says where it came from and what is certain of it.

A score at or above the threshold is anomalous. Only normal images set a threshold, and never test images.
"""

from pyimgano_core.thresholds._calibrate import CalibrationOrigin, calibrate
from pyimgano_core.thresholds._decisions import (
    conformal_p_values,
    false_positive_rate,
    review_band,
    summarize,
    verdict,
)
from pyimgano_core.thresholds._needs import count_groups, needed_normals, shortage

__all__ = [
    # setting a threshold
    "CalibrationOrigin",
    "calibrate",
    "review_band",
    # what a method needs
    "count_groups",
    "needed_normals",
    "shortage",
    # using a threshold
    "conformal_p_values",
    "false_positive_rate",
    "summarize",
    "verdict",
]
