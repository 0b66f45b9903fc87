"""AUPRO: the area under the per-region overlap curve, in closed form.

Each region counts the same, whatever its size: a positive pixel weighs 1 / the area of its region. Over a tie
of positives and negatives the curve is a straight ramp, so that the trapezoid up to the limit is a term per
positive pixel. Definition: Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129 (2021).

AU-sPRO is the same but for regions that count as found whole once some of their pixels are: only their
highest scores matter, as many as that. Definition: Bergmann et al., "Beyond Dents and Scratches", IJCV 130
(2022).
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import define

from pyimgano_core.components import number_pixels
from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics._exact import exact
from pyimgano_core.metrics._scores import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.metrics._ranking import Ranking


@define(frozen=True, kw_only=True, eq=False)
class Defects:
    """The positive pixels of one image, region by region and ascending within each."""

    scores: Scores  # (P,)
    areas: npt.NDArray[np.int64]  # (R,) pixels per region

    @property
    def region(self) -> npt.NDArray[np.int64]:
        """Index of each pixel's region, from 0, (P,)."""
        return np.repeat(np.arange(len(self.areas)), self.areas)


def find_defects(scores: Scores, mask: npt.NDArray[np.bool_]) -> Defects:
    """Return the pixels of `scores` (H, W) under `mask` (H, W), in 8-connected regions."""
    region, areas = number_pixels(mask)
    narrow = region.astype(np.min_scalar_type(len(areas)))  # up to 16 bits are sorted in linear time
    values = scores[mask][np.argsort(narrow, kind="stable")]
    return sort_regions(values, areas)


def sort_regions(scores: Scores, areas: npt.NDArray[np.int64]) -> Defects:
    """Return defects from `scores` (P,) that stand region by region; they are sorted in place."""
    end = 0
    for area in areas.tolist():
        scores[end : end + area].sort()
        end += area
    return Defects(scores=scores, areas=areas)


def saturate(areas: npt.NDArray[np.int64], saturation: float) -> npt.NDArray[np.int64]:
    """Return how many pixels of each region suffice: a share `saturation` of its area, rounded down."""
    share = exact(saturation)  # in floats 0.7 * 90 is below 63
    return np.array([max(1, int(share * area)) for area in areas.tolist()], np.int64)


def area_under_overlap(
    defects: Sequence[Defects],
    ranking: Ranking,
    limit: float,
    sufficient: Sequence[npt.NDArray[np.int64]] | None = None,
) -> MetricValue:
    """Return AUPRO, or AU-sPRO, up to the false-positive rate `limit`, divided by it.

    Args:
        defects: of every image that has any, in any order: the sum is rounded once, so that it has none.
        ranking: of all their pixels among all negative pixels.
        limit: above 0, at most 1.
        sufficient: per image, how many pixels of each region suffice (R,): its highest count, and no other.
            All of them do by default.
    """
    if ranking.reason:
        return MetricValue(reason=ranking.reason)
    gain = _gain(ranking, limit)
    counted = sufficient or [image.areas for image in defects]
    overlaps = [
        _overlap(image, counts, gain[np.searchsorted(ranking.thresholds, image.scores)])
        for image, counts in zip(defects, counted, strict=True)
    ]
    n_regions = sum(len(overlap) for overlap in overlaps)
    total = fsum(value for overlap in overlaps for value in overlap.tolist())
    return MetricValue(value=total / n_regions, flags=ranking.flags)


def _overlap(
    image: Defects, counts: npt.NDArray[np.int64], gain: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return each region's own area under the curve (R,), of its `counts` highest pixels' gain (P,)."""
    ends = image.areas.cumsum()
    bounds = np.stack([ends - counts, ends], axis=1).ravel()[:-1]  # every second sum is of what is left out
    sums: npt.NDArray[np.float64] = np.add.reduceat(gain, bounds)[::2]
    return sums / counts


def _gain(ranking: Ranking, limit: float) -> npt.NDArray[np.float64]:
    """Return the area that one pixel of each distinct score adds, as a share of `limit`, (U,)."""
    low = ranking.above / ranking.n_negatives  # the tie's ramp runs from this false-positive rate
    high = ranking.at_least / ranking.n_negatives  # … to this one
    whole = limit - (low + high) / 2
    cut = (limit - low) ** 2 / (2 * np.where(high > low, high - low, 1.0))
    area: npt.NDArray[np.float64] = np.select([high <= limit, low >= limit], [whole, 0.0], cut)
    return area / limit
