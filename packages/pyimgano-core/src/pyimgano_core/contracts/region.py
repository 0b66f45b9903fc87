"""A defect region: a connected part of an image whose anomaly scores reach the pixel threshold."""

from __future__ import annotations

from attrs import define, field
from attrs.validators import ge


@define(frozen=True, kw_only=True)
class Region:
    """One 8-connected region, in pixels of the map that it was found in.

    `id` counts from 1 in the order of falling `score_max`. `bbox_xyxy` is `(left, top, right, bottom)`, right
    and bottom exclusive, so that `image[top:bottom, left:right]` is the box. `area` counts pixels.
    `centroid_xy` is the mean of the pixels' column and row indices, `(0.0, 0.0)` being the centre of the
    top-left pixel.
    """

    id: int = field(validator=ge(1))
    bbox_xyxy: tuple[int, int, int, int]
    area: int = field(validator=ge(1))
    score_max: float
    score_mean: float
    centroid_xy: tuple[float, float]
