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
from pyimgano_core.metrics._bags import Bags
from pyimgano_core.metrics._ranking import count, distinct
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pyimgano_core.metrics._ranking import Counts
    from pyimgano_core.metrics._scores import Scores

REST = -1  # the bag of all that are no normal images; these are in bags by their number of pixels


class PerImageOverlapAccumulator:
    """Gathers score maps with their masks and gives AUPIMO of each anomalous image and their mean.

    An image with an empty mask is normal. Images and shards may come in any order; the result is the same to
    the bit. Memory as `PixelAccumulator`, which gives AUPIMO along with other metrics.

    Args:
        low: the false-positive rate that the area begins at, above 0.
        high: the one that it ends at, above `low`, at most 1.
    """

    def __init__(self, low: float = 1e-5, high: float = 1e-4) -> None:
        self._images = NamedImages((low, high))
        self._bags = Bags()

    @property
    def limits(self) -> tuple[float, float]:
        """The false-positive rates that the area begins and ends at."""
        return self._images.limits

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
        checked = as_scores(scores, name)
        check_mask(checked, mask)
        if mask.any():
            self._images.check_free(name)
            self._images.add_anomalous(name, checked[mask])
        else:
            self._bags.add(checked, mask.size)
            self._images.add_normal()

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits differ, or both have an anomalous image of one name.
        """
        self._images.merge(other._images)
        self._bags.merge(other._bags)

    def result(self) -> PerImageOverlap:
        """Return AUPIMO of all anomalous images so far, sorted by name; more may follow."""
        thresholds, _ = distinct(self._images.positives())
        return self._images.measure(thresholds, count(thresholds, self._bags.runs()))


class NamedImages:
    """What AUPIMO keeps of images: the defects' scores by name and the number of normal ones."""

    def __init__(self, limits: tuple[float, float]) -> None:
        low, high = limits
        if not 0.0 < low < high <= 1.0:
            raise ValueError(f"the limits of AUPIMO are 0 < low < high <= 1, not {low} and {high}")
        self.limits = limits
        self._positives: dict[str, Scores] = {}
        self._n_normals = 0

    def check_free(self, *names: str | None) -> None:
        """Refuse an anomalous image without a name, or with one that is taken."""
        for name in names:
            if name is None:
                raise ValueError(
                    "an anomalous image has no name, which AUPIMO tells it by: give update a name"
                )
            if name in self._positives:
                raise ValueError(f"an anomalous image of this name was added before: {name!r}")

    def add_anomalous(self, name: str, positives: Scores) -> None:
        """Take an image by its defects' scores (P,), in an order that the image alone decides."""
        self._positives[name] = positives

    def add_normal(self) -> None:
        """Count an image whose scores are in the bag of its size."""
        self._n_normals += 1

    def merge(self, other: Self) -> None:
        """Add all images of `other`, or none on an error."""
        if self.limits != other.limits:
            raise ValueError(f"limits of AUPIMO differ: {self.limits} and {other.limits}")
        self.check_free(*sorted(other._positives))
        self._positives.update(other._positives)
        self._n_normals += other._n_normals

    def positives(self) -> Scores:
        """Return the scores of all defects, (P,)."""
        return np.concatenate([np.empty(0, np.float32), *self._positives.values()])

    def measure(self, thresholds: Scores, counts: Mapping[int, Counts]) -> PerImageOverlap:
        """Return AUPIMO of each image.

        Args:
            thresholds: (U,), the distinct scores of all defects, ascending.
            counts: of the scores in each bag, at `thresholds`.
        """
        reason = None if self._n_normals else "no_normal_images"
        reason = reason if self._positives else "no_positive_pixels"
        if reason:
            return PerImageOverlap(mean=MetricValue(reason=reason), limits=self.limits)
        gain = self._gain(len(thresholds), counts)  # (U,)
        images = {
            name: float(gain[np.searchsorted(thresholds, np.sort(scores))].mean())
            for name, scores in sorted(self._positives.items())
        }
        mean = MetricValue(value=fsum(images.values()) / len(images))
        return PerImageOverlap(mean=mean, images=images, limits=self.limits)

    def _gain(self, n_thresholds: int, counts: Mapping[int, Counts]) -> npt.NDArray[np.float64]:
        rate = np.zeros(n_thresholds)  # the sum of the normal images' false-positive rates
        for size in sorted(counts.keys() - {REST}):  # one order, hence one rounding
            rate += counts[size].at_least / size
        low, high = self.limits
        reached = np.clip(rate / self._n_normals, low, high)
        gain: npt.NDArray[np.float64] = np.log(high / reached) / np.log(high / low)
        return gain
