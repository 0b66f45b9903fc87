"""From an anomaly map to its 8-connected regions: those at a threshold, and the level of the highest one."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.components import keep_large, label_regions
from pyimgano_core.contracts.region import Region
from pyimgano_core.metrics import as_scores

if TYPE_CHECKING:
    import numpy.typing as npt


def flag_pixels(
    score_map: npt.NDArray[np.floating],
    threshold: float,
    minimum_area: int = 1,
    inside: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return the pixels (H, W) that a threshold flags: at or above it, in a region that is large enough.

    The comparison is exact: a float64 threshold is not rounded to the map's float32.

    Args:
        score_map: (H, W), at the original image's size.
        threshold: the pixel threshold, on the map's scale.
        minimum_area: the least area of a region, in pixels.
        inside: (H, W), where the image is looked at: nothing is flagged elsewhere, however low the threshold
            is. None for everywhere.

    Raises:
        MachineError: scikit-image is not installed, and the area is above 1.
        NonFiniteScoresError: the map holds NaN or infinity.
        ValueError: the threshold is NaN, or the map is not two-dimensional and the area is above 1.
    """
    if np.isnan(threshold):
        raise ValueError("the threshold is NaN")
    reached = as_scores(score_map) >= np.float64(threshold)
    return keep_large(reached if inside is None else reached & inside, minimum_area)


def defect_regions(
    score_map: npt.NDArray[np.float32],
    threshold: float,
    minimum_area: int = 1,
    inside: npt.NDArray[np.bool_] | None = None,
) -> tuple[Region, ...]:
    """Find the 8-connected regions of the pixels that `flag_pixels` returns for the same arguments.

    Returns:
        The regions, highest `score_max` first, then the largest, then in raster order; in pixels of the map.

    Raises:
        MachineError: scikit-image is not installed.
        NonFiniteScoresError: the map holds NaN or infinity.
        ValueError: the map is not two-dimensional, or the threshold is NaN.
    """
    labels, count = label_regions(flag_pixels(score_map, threshold, minimum_area, inside))
    regions = _measure(as_scores(score_map), labels, count)
    regions.sort(key=lambda region: (-region.score_max, -region.area, region.id))
    return tuple(evolve(region, id=number) for number, region in enumerate(regions, start=1))


def highest_level(score_map: npt.NDArray[np.floating], minimum_area: int = 1) -> float:
    """Return the highest score at which a region of at least `minimum_area` pixels is flagged.

    So a threshold flags such a region exactly where it is not above this level. Growing as the level falls,
    regions only ever gain area, so the level is found by bisection, and only among the highest scores that
    can hold it.

    Args:
        score_map: (H, W), at the original image's size.
        minimum_area: the least area of a region, in pixels. With 1 the level is the map's maximum.

    Returns:
        A score of the map. Where no level flags such a region, for the map is smaller than it, the lowest.

    Raises:
        MachineError: scikit-image is not installed, and the area is above 1.
        NonFiniteScoresError: the map holds NaN or infinity.
    """
    scores = as_scores(score_map)
    if minimum_area <= 1:
        return float(scores.max())
    falling = np.sort(scores, axis=None)[::-1]  # (H * W,)

    def is_reached(position: int) -> bool:
        labels, _ = label_regions(scores >= falling[position])
        return bool(np.bincount(labels.ravel())[1:].max() >= minimum_area)

    last = len(falling) - 1
    low = high = min(minimum_area - 1, last)
    while high < last and not is_reached(high):
        low, high = high + 1, 2 * high + 1
    reached = bisect_left(range(last), True, low, min(high, last), key=is_reached)
    return float(falling[reached])


def _measure(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.int32], count: int) -> list[Region]:
    """Return the regions in the order of their labels."""
    y, x = np.nonzero(labels)  # (P,) each
    region, values = labels[y, x] - 1, scores[y, x]  # (P,)
    area = np.bincount(region, minlength=count)  # (R,) like all below
    mean_x, mean_y, mean = (np.bincount(region, weights, count) / area for weights in (x, y, values))
    top_score = np.full(count, -np.inf)
    np.maximum.at(top_score, region, values)
    left, top = np.full((2, count), max(labels.shape))
    right, bottom = np.zeros((2, count), np.intp)
    for edge, at in ((left, x), (top, y)):
        np.minimum.at(edge, region, at)
    for edge, at in ((right, x), (bottom, y)):
        np.maximum.at(edge, region, at + 1)
    return [
        Region(
            id=i + 1,
            bbox_xyxy=(int(left[i]), int(top[i]), int(right[i]), int(bottom[i])),
            area=int(area[i]),
            score_max=float(top_score[i]),
            score_mean=float(mean[i]),
            centroid_xy=(float(mean_x[i]), float(mean_y[i])),
        )
        for i in range(count)
    ]
