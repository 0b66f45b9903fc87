"""AU-sPRO: the area under the saturated per-region overlap curve, in closed form.

A region counts as found whole once `saturation` of its pixels are flagged: only its highest scores matter, as
many as that and each weighing 1 / saturation, and the rest of AUPRO stays as it is.
Definition: Bergmann et al., "Beyond Dents and Scratches", IJCV 130 (2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.metrics._negatives import Negatives
from pyimgano_core.metrics._overlap import Defects, area_under_overlap
from pyimgano_core.metrics._ranking import rank
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pyimgano_core.contracts.metric import MetricValue
    from pyimgano_core.metrics._scores import Scores


class SaturatedOverlapAccumulator:
    """Gathers score maps with their annotated regions and gives AU-sPRO.

    Images and shards may come in any order; the result is the same to the bit. Memory as `PixelAccumulator`.

    Args:
        limit: the false-positive rate that the area ends at, above 0, at most 1.
    """

    def __init__(self, limit: float = 0.05) -> None:
        if not 0.0 < limit <= 1.0:
            raise ValueError(f"the limit of AU-sPRO is above 0 and at most 1, not {limit}")
        self.limit = limit
        self._defects: list[Defects] = []
        self._negatives = Negatives()

    def update(
        self, scores: npt.ArrayLike, regions: Sequence[npt.NDArray[np.bool_]], saturations: Sequence[int]
    ) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous.
            regions: a mask (H, W) of bool per annotated region, not split into connected parts; they may
                overlap, and a normal image has none. Pixels outside them all are negatives.
            saturations: per region, how many flagged pixels suffice: 1 to its area.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: shapes differ, a mask is not bool, or a saturation is not 1 to its region's area.
        """
        checked = as_scores(scores)
        inside = np.zeros(checked.shape, np.bool_)
        kept: list[Scores] = []
        for region, saturation in zip(regions, saturations, strict=True):
            check_mask(checked, region)
            kept.append(_highest(checked[region], saturation))
            inside |= region
        if kept:
            sizes = np.array([len(values) for values in kept], np.int64)
            number = np.repeat(np.arange(len(kept), dtype=np.int32), sizes)
            self._defects.append(Defects(scores=np.concatenate(kept), region=number, areas=sizes))
        self._negatives.add(checked[~inside])

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits differ.
        """
        if self.limit != other.limit:
            raise ValueError(f"limits of AU-sPRO differ: {self.limit} and {other.limit}")
        self._defects.extend(other._defects)
        self._negatives.merge(other._negatives)

    def result(self) -> MetricValue:
        """Return AU-sPRO of all images so far, divided by its limit; more may follow."""
        scores = np.concatenate([np.empty(0, np.float32), *(image.scores for image in self._defects)])
        ranking = rank(scores, self._negatives.chunks(), "_pixels")
        return area_under_overlap(self._defects, ranking, self.limit)


def _highest(scores: Scores, saturation: int) -> Scores:
    if not 1 <= saturation <= len(scores):
        raise ValueError(f"a saturation is 1 to its region's area, {len(scores)}, not {saturation}")
    return np.sort(scores)[-saturation:]
