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
from pyimgano_core.metrics._limits import check_log_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pyimgano_core.metrics._ranking import Counts
    from pyimgano_core.metrics._scores import Scores

REST = -1  # the bag of all that are no normal images; these are in bags by their number of pixels


class NamedImages:
    """What AUPIMO keeps of images: the defects' scores by name, and the number of normal images."""

    def __init__(self, limits: tuple[float, float]) -> None:
        check_log_limits(limits)
        self.limits = limits
        self._positives: dict[str, Scores] = {}
        self._n_normals = 0

    def check_free(self, *names: str | None) -> None:
        """Refuse an image with defects that has no name, or one that is taken."""
        for name in names:
            if name is None:
                raise ValueError(
                    "an image with defects has no name, which AUPIMO tells it by: give update a name"
                )
            if name in self._positives:
                raise ValueError(f"an image of this name was added before: {name!r}")

    def add_defects(self, name: str, positives: Scores) -> None:
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

    def measure(self, thresholds: Scores, counts: Mapping[int, Counts]) -> PerImageOverlap:
        """Return AUPIMO of each image with defects, sorted by name, and their mean.

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
