"""Pixel metrics of many score maps, one image at a time.

Positives are few and are kept as they are. Negatives are many and only counted, which needs all positives
first; so they wait as sorted chunks of their values. Memory is the scores themselves. All that is added up
over images is an integer or is rounded once, so that images and shards may come in any order and the result
is the same to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.metric import PixelMetrics
from pyimgano_core.metrics._overlap import Defects, area_under_overlap, find_defects
from pyimgano_core.metrics._ranking import area_under_roc, best_f1, rank, step_precision
from pyimgano_core.metrics._scores import as_scores

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_core.metrics._ranking import Ranking
    from pyimgano_core.metrics._scores import Scores

_CHUNK = 1 << 22  # negatives per sort: large enough that searching the chunks costs less than sorting them


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
        self._sorted: list[Scores] = []  # each about _CHUNK long
        self._waiting: list[Scores] = []  # negatives not yet sorted, less than _CHUNK in all
        self._n_waiting = 0

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
        if checked.shape != mask.shape:
            raise ValueError(f"scores {checked.shape} and mask {mask.shape} differ in shape")
        defects = find_defects(checked, mask)
        if len(defects.areas):
            self._defects.append(defects)
        self._wait([checked[~mask]])
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
        self._sorted.extend(other._sorted)
        self._wait(list(other._waiting))

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

    def _wait(self, negatives: list[Scores]) -> None:
        self._waiting.extend(negatives)
        self._n_waiting += sum(len(values) for values in negatives)
        if self._n_waiting >= _CHUNK:
            self._sorted.append(_sorted(self._waiting))
            self._waiting = []
            self._n_waiting = 0

    def _rank(self) -> Ranking:
        positives = _joined([image.scores for image in self._defects])
        return rank(positives, [*self._sorted, _sorted(self._waiting)], "_pixels")


def _joined(parts: list[Scores]) -> Scores:
    return np.concatenate([np.empty(0, np.float32), *parts])


def _sorted(parts: list[Scores]) -> Scores:
    values = _joined(parts)
    values.sort()
    return values
