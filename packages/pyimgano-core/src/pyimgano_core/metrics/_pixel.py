"""Pixel metrics of many score maps, one image at a time.

Positives are few and are kept as they are. Negatives are many and only counted, which needs all positives
first; so they wait on disk, as sorted chunks of their values. Memory is the positives and one chunk. All that
is added up over images is an integer or is rounded once, so that images and shards may come in any order and
the result is the same to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.metric import PixelMetrics
from pyimgano_core.metrics._negatives import Negatives
from pyimgano_core.metrics._overlap import Defects, area_under_overlap, find_defects
from pyimgano_core.metrics._ranking import area_under_roc, best_f1, rank, step_precision
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_core.metrics._ranking import Ranking


class PixelAccumulator:
    """Gathers score maps with their masks and gives the exact pixel metrics of them all.

    Normal images belong in it too, with an empty mask: their pixels are negatives.

    Args:
        aupro_limit: the false-positive rate that AUPRO ends at, above 0, at most 1.
    """

    def __init__(self, aupro_limit: float = 0.3) -> None:
        if not 0.0 < aupro_limit <= 1.0:
            raise ValueError(f"the limit of AUPRO is above 0 and at most 1, not {aupro_limit}")
        self.aupro_limit = aupro_limit
        self._n_images = 0
        self._defects: list[Defects] = []
        self._negatives = Negatives()

    def update(self, scores: npt.ArrayLike, mask: npt.NDArray[np.bool_]) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous.
            mask: (H, W), bool, True on defects. A map is resized to its mask, never a mask to its map.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the shapes differ, or the mask is not bool.
        """
        checked = as_scores(scores)
        check_mask(checked, mask)
        if mask.any():
            self._defects.append(find_defects(checked, mask))
            self._negatives.add(checked[~mask])
        else:
            self._negatives.add(checked.flatten())  # a copy
        self._n_images += 1

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits of AUPRO differ.
        """
        if self.aupro_limit != other.aupro_limit:
            raise ValueError(f"limits of AUPRO differ: {self.aupro_limit} and {other.aupro_limit}")
        self._n_images += other._n_images
        self._defects.extend(other._defects)
        self._negatives.merge(other._negatives)

    def result(self) -> PixelMetrics:
        """Return the metrics of all images so far; more may follow."""
        ranking = self._rank()
        return PixelMetrics(
            pixel_auroc=area_under_roc(ranking),
            pixel_average_precision=step_precision(ranking),
            pixel_f1_max=best_f1(ranking),
            aupro=area_under_overlap(self._defects, ranking, self.aupro_limit),
            aupro_limit=self.aupro_limit,
            n_images=self._n_images,
            n_regions=sum(len(image.areas) for image in self._defects),
            n_positive_pixels=ranking.n_positives,
            n_negative_pixels=ranking.n_negatives,
        )

    def _rank(self) -> Ranking:
        positives = np.concatenate([np.empty(0, np.float32), *(image.scores for image in self._defects)])
        return rank(positives, self._negatives.chunks(), "_pixels")
