"""AU-sPRO: the area under the saturated per-region overlap curve, in closed form.

Here the regions are annotated: they may overlap, need not be connected, and each has a saturation of its own.
Definition: Bergmann et al., "Beyond Dents and Scratches", IJCV 130 (2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.metrics._bags import Bags
from pyimgano_core.metrics._limits import check_limit
from pyimgano_core.metrics._overlap import Defects, area_under_overlap, sort_regions
from pyimgano_core.metrics._ranking import count, distinct, rank
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pyimgano_core.contracts.metric import MetricValue


class SaturatedOverlapAccumulator:
    """Gathers score maps with their annotated regions and gives AU-sPRO.

    Images and shards may come in any order; the result is the same to the bit. Memory as `PixelAccumulator`.

    Args:
        limit: the false-positive rate that the area ends at, above 0, at most 1.
    """

    def __init__(self, limit: float = 0.05) -> None:
        check_limit(limit, "AU-sPRO")
        self.limit = limit
        self._defects: list[Defects] = []
        self._sufficient: list[npt.NDArray[np.int64]] = []  # per image, (R,) the saturations
        self._bags = Bags()

    def update(
        self,
        scores: npt.ArrayLike,
        regions: Sequence[npt.NDArray[np.bool_]],
        saturations: Sequence[int],
        *,
        name: str | None = None,
    ) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous.
            regions: a mask (H, W) of bool per annotated region, not split into connected parts; they may
                overlap, and a normal image has none. Pixels outside them all are negatives.
            saturations: per region, how many flagged pixels suffice: 1 to its area.
            name: of the image, for the message of an error.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: shapes differ, a mask is not bool, or a saturation is not 1 to its region's area.
        """
        checked = as_scores(scores, name)
        inside = np.zeros(checked.shape, np.bool_)
        for region, saturation in zip(regions, saturations, strict=True):
            check_mask(checked, region)
            area = int(np.count_nonzero(region))
            if not 1 <= saturation <= area:
                raise ValueError(f"a saturation is 1 to its region's area, {area}, not {saturation}")
            inside |= region
        found = [checked[region] for region in regions]
        self._bags.add(np.concatenate([checked[~inside], *found]))
        if found:
            areas = np.array([len(values) for values in found], np.int64)
            self._defects.append(sort_regions(np.concatenate(found), areas))
            self._sufficient.append(np.array(saturations, np.int64))

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits differ.
        """
        if self.limit != other.limit:
            raise ValueError(f"limits of AU-sPRO differ: {self.limit} and {other.limit}")
        self._defects.extend(other._defects)
        self._sufficient.extend(other._sufficient)
        self._bags.merge(other._bags)

    def result(self) -> MetricValue:
        """Return AU-sPRO of all images so far, divided by its limit; more may follow."""
        scores = np.concatenate([np.empty(0, np.float32), *(image.scores for image in self._defects)])
        thresholds, positives = distinct(scores)
        ranking = rank(thresholds, positives, count(thresholds, self._bags.runs()).values(), "_pixels")
        return area_under_overlap(self._defects, ranking, self.limit, self._sufficient)
