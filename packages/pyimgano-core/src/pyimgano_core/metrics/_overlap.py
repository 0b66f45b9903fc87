"""AUPRO: the area under the per-region overlap curve, in closed form.

Each region counts the same, whatever its size: a positive pixel weighs 1 / the area of its region. Over a tie
of positives and negatives the curve is a straight ramp, so that the trapezoid up to the limit is a term per
positive pixel. Definition: Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129 (2021).
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics._scores import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.metrics._ranking import Ranking


@define(frozen=True, kw_only=True, eq=False)
class Defects:
    """The positive pixels of one image, in raster order."""

    scores: Scores  # (P,)
    region: npt.NDArray[np.int32]  # (P,) index of the pixel's region, from 0
    areas: npt.NDArray[np.int64]  # (R,) pixels per region


def find_defects(scores: Scores, mask: npt.NDArray[np.bool_]) -> Defects:
    """Return the pixels of `scores` (H, W) under `mask` (H, W), each with its 8-connected region."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (
        (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        if len(rows)
        else (slice(0), slice(0))
    )
    labels, count = label_regions(mask[box])  # most of a mask is empty
    region = labels[mask[box]] - np.int32(1)
    areas = np.bincount(region, minlength=count).astype(np.int64, copy=False)
    return Defects(scores=scores[mask], region=region, areas=areas)


def area_under_overlap(defects: Sequence[Defects], ranking: Ranking, limit: float) -> MetricValue:
    """Return AUPRO up to the false-positive rate `limit`, divided by it.

    Args:
        defects: of every image that has any, in any order: the sum is rounded once, so that it has none.
        ranking: of all their pixels among all negative pixels.
        limit: above 0, at most 1.
    """
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    gain = _gain(ranking, limit)
    overlaps = [_overlap(image, ranking.thresholds, gain) for image in defects]
    n_regions = sum(len(overlap) for overlap in overlaps)
    total = fsum(value for overlap in overlaps for value in overlap.tolist())
    return MetricValue(value=total / n_regions, flags=ranking.flags)


def _overlap(image: Defects, thresholds: Scores, gain: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each region's own area under the curve, (R,)."""
    at = np.searchsorted(thresholds, image.scores)  # (P,)
    return np.bincount(image.region, weights=gain[at], minlength=len(image.areas)) / image.areas


def _gain(ranking: Ranking, limit: float) -> npt.NDArray[np.float64]:
    """Return the area that one pixel of each distinct score adds, as a share of `limit`, (U,)."""
    low = ranking.above / ranking.n_negatives  # the tie's ramp runs from this false-positive rate
    high = ranking.at_least / ranking.n_negatives  # … to this one
    whole = limit - (low + high) / 2
    cut = (limit - low) ** 2 / (2 * np.where(high > low, high - low, 1.0))
    area: npt.NDArray[np.float64] = np.select([high <= limit, low >= limit], [whole, 0.0], cut)
    return area / limit
