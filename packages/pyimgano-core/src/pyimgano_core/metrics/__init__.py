"""Exact metrics of anomaly scores: a score at or above the threshold means anomalous, ties count once.

An undefined metric is a `MetricValue` without value and with a reason, never NaN and never a made-up number;
scores that are NaN or infinite are an error. No value depends on a scale, a bin or the order of the data.
"""

from pyimgano_core.metrics._image import auroc, average_precision, confusion, f1_max
from pyimgano_core.metrics._pixel import PixelAccumulator
from pyimgano_core.metrics._scores import NonFiniteScoresError, as_scores

__all__ = [
    # scores
    "NonFiniteScoresError",
    "as_scores",
    # images
    "auroc",
    "average_precision",
    "confusion",
    "f1_max",
    # pixels
    "PixelAccumulator",
]
