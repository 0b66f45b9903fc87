"""The names of the metrics that a sketch gives, as reports write them."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

ImageMetric: TypeAlias = Literal[
    "auroc", "average_precision", "f1_max", "tpr_at_fpr", "fpr_at_tpr", "normals_passed"
]
PixelMetric: TypeAlias = Literal["pixel_auroc", "pixel_average_precision", "pixel_f1_max", "aupro"]
FlaggedMetric: TypeAlias = Literal["pixel_pro", "pixel_iou", "pixel_f1"]  # at a pixel threshold
MetricName: TypeAlias = ImageMetric | PixelMetric | Literal["au_spro", "aupimo"] | FlaggedMetric

IMAGE_METRICS: tuple[ImageMetric, ...] = get_args(ImageMetric)
PIXEL_METRICS: tuple[PixelMetric, ...] = get_args(PixelMetric)
FLAGGED_METRICS: tuple[FlaggedMetric, ...] = get_args(FlaggedMetric)
