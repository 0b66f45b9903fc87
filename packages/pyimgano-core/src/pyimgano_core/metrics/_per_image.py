"""AUPIMO: how much of each image's defects is found before normal images raise alarms, in closed form.

The false-positive rate is that of normal images alone, averaged over them, on a logarithmic axis from `low`
to `high`: a pixel that is found at the rate F adds ln(high / F) / ln(high / low), clipped to 0..1.
Definition: Bertoldo et al., "AUPIMO: Redefining Visual Anomaly Detection Benchmarks", BMVC 2024.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.metric import MetricValue, PerImageOverlap
from pyimgano_core.metrics._negatives import Negatives
from pyimgano_core.metrics._ranking import rank
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    import numpy.typing as npt

    from pyimgano_core.metrics._scores import Scores


class PerImageOverlapAccumulator:
    """Gathers score maps with their masks and gives AUPIMO of each anomalous image and their mean.

    An image with an empty mask is normal. Images and shards may come in any order; the result is the same to
    the bit. Memory is the positives and one chunk of negatives.

    Args:
        low: the false-positive rate that the area begins at, above 0.
        high: the one that it ends at, above `low`, at most 1.
    """

    def __init__(self, low: float = 1e-5, high: float = 1e-4) -> None:
        if not 0.0 < low < high <= 1.0:
            raise ValueError(f"the limits of AUPIMO are 0 < low < high <= 1, not {low} and {high}")
        self.limits = (low, high)
        self._positives: dict[str, Scores] = {}
        self._normals: dict[int, Negatives] = {}  # by the images' number of pixels
        self._n_normals: dict[int, int] = {}

    def update(self, name: str, scores: npt.ArrayLike, mask: npt.NDArray[np.bool_]) -> None:
        """Add one image; on an error nothing is added.

        Args:
            name: of the image; anomalous images have names of their own.
            scores: as in `PixelAccumulator.update`.
            mask: as in `PixelAccumulator.update`.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the shapes differ, the mask is not bool, or the name is taken.
        """
        checked = as_scores(scores)
        check_mask(checked, mask)
        if mask.any():
            self._take({name: checked[mask]})
        else:
            self._normals.setdefault(mask.size, Negatives()).add(checked.flatten())
            self._n_normals[mask.size] = self._n_normals.get(mask.size, 0) + 1

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits differ, or both have an anomalous image of one name.
        """
        if self.limits != other.limits:
            raise ValueError(f"limits of AUPIMO differ: {self.limits} and {other.limits}")
        self._take(other._positives)
        for size, negatives in other._normals.items():
            self._normals.setdefault(size, Negatives()).merge(negatives)
            self._n_normals[size] = self._n_normals.get(size, 0) + other._n_normals[size]

    def result(self) -> PerImageOverlap:
        """Return AUPIMO of all anomalous images so far, sorted by name; more may follow."""
        reason = None if self._n_normals else "no_normal_images"
        reason = reason if self._positives else "no_positive_pixels"
        if reason:
            return PerImageOverlap(mean=MetricValue(reason=reason), limits=self.limits)
        thresholds = np.unique(np.concatenate(list(self._positives.values())))
        gain = self._gain(thresholds)  # (U,)
        images = {
            name: float(gain[np.searchsorted(thresholds, np.sort(scores))].mean())
            for name, scores in sorted(self._positives.items())
        }
        mean = MetricValue(value=fsum(images.values()) / len(images))
        return PerImageOverlap(mean=mean, images=images, limits=self.limits)

    def _take(self, positives: dict[str, Scores]) -> None:
        taken = sorted(self._positives.keys() & positives.keys())
        if taken:
            raise ValueError(f"an anomalous image of this name was added before: {taken[0]!r}")
        self._positives.update(positives)

    def _gain(self, thresholds: Scores) -> npt.NDArray[np.float64]:
        rate = np.zeros(len(thresholds))  # the sum of the normal images' false-positive rates
        for size in sorted(self._normals):  # one order, hence one rounding
            rate += rank(thresholds, self._normals[size].chunks()).at_least / size
        low, high = self.limits
        reached = np.clip(rate / sum(self._n_normals.values()), low, high)
        gain: npt.NDArray[np.float64] = np.log(high / reached) / np.log(high / low)
        return gain
