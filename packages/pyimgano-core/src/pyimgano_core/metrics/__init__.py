"""Exact metrics of anomaly scores: a score at or above the threshold means anomalous, ties count once.

An undefined metric is a `MetricValue` without value and with a reason, never NaN and never a made-up number;
scores that are NaN or infinite are an error. No value depends on a scale or on the order of the data. None
depends on a bin, but for those of `PixelHistogram`, with their error bounds, and of sketches.
"""

from pyimgano_core.contracts.metric import Interval
from pyimgano_core.metrics._bootstrap import (
    Estimate,
    bootstrap,
    bootstrap_difference,
    bootstrap_differences,
    sketch_metrics,
)
from pyimgano_core.metrics._decisions import PixelDecisionAccumulator
from pyimgano_core.metrics._delong import Comparison, DeLong, compare_delong, delong
from pyimgano_core.metrics._histogram import PixelHistogram
from pyimgano_core.metrics._image import (
    auroc,
    average_precision,
    confusion,
    f1_max,
    fpr_at_tpr,
    normals_passed,
    tpr_at_fpr,
)
from pyimgano_core.metrics._intervals import clopper_pearson, observed_rate
from pyimgano_core.metrics._names import IMAGE_METRICS, PIXEL_METRICS
from pyimgano_core.metrics._pixel import PixelAccumulator
from pyimgano_core.metrics._replicates import SketchOptions
from pyimgano_core.metrics._saturated import SaturatedOverlapAccumulator
from pyimgano_core.metrics._scores import NonFiniteScoresError, as_scores
from pyimgano_core.metrics._sketch import ScoredImage, Sketch, merge_sketches
from pyimgano_core.metrics._sketch_build import SketchAccumulator
from pyimgano_core.metrics._sketch_edges import quantile_edges
from pyimgano_core.metrics._sketch_file import load_sketch, save_sketch

__all__ = [
    # scores
    "NonFiniteScoresError",
    "as_scores",
    # images
    "auroc",
    "average_precision",
    "confusion",
    "f1_max",
    "fpr_at_tpr",
    "normals_passed",
    "tpr_at_fpr",
    # pixels
    "PixelAccumulator",
    "PixelDecisionAccumulator",
    "PixelHistogram",
    "SaturatedOverlapAccumulator",
    # uncertainty
    "IMAGE_METRICS",
    "PIXEL_METRICS",
    "Comparison",
    "DeLong",
    "Estimate",
    "Interval",
    "bootstrap",
    "bootstrap_difference",
    "bootstrap_differences",
    "clopper_pearson",
    "compare_delong",
    "delong",
    "observed_rate",
    # sketches
    "ScoredImage",
    "Sketch",
    "SketchAccumulator",
    "SketchOptions",
    "load_sketch",
    "merge_sketches",
    "quantile_edges",
    "save_sketch",
    "sketch_metrics",
]
