"""Pixel metrics in constant memory: a histogram of the scores, and how far it can be from the exact values.

Bins are the top bits of a score as float32 in an order-preserving integer form, so that they need no range of
scores and suit any scale. What lies in which bin is known exactly, hence every curve is exact at its points
between bins; only the order within a bin that holds both classes is not. Each metric is bounded by the best
and the worst order. Counts are integers and add up in any order.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from pyimgano_core.components import number_pixels
from pyimgano_core.contracts.metric import MetricValue, PixelMetrics
from pyimgano_core.metrics._histogram_bounds import (
    bound_auroc,
    bound_f1,
    bound_overlap,
    bound_precision,
    tied_metrics,
)
from pyimgano_core.metrics._limits import check_limit
from pyimgano_core.metrics._ranking import Ranking
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    from pyimgano_core.metrics._scores import Scores

FEWEST_BITS, MOST_BITS = 8, 24  # of a sign and 8 bits of exponent; three arrays of 2**24 counts are 400 MB
WEIGHT = 1 << 38  # of a region: leaves int64 room for 2**25 regions
LARGEST = 0x7F7FFFFF  # the bits of the largest float32


class PixelHistogram:
    """Gathers score maps with their masks and bounds the pixel metrics of them all, in one pass.

    It is for where the memory or the disk that the exact metrics need is too much. Any order and any sharding
    of the images give the same result to the bit. The more bins, the smaller the `error_bound` of each value:
    with b bits 2**(b - 9) of them lie between a power of two and the next.

    Args:
        aupro_limit: the false-positive rate that AUPRO ends at, above 0, at most 1.
        bits: 8 to 24; memory is three times 2**bits counts of 8 bytes.
    """

    def __init__(self, aupro_limit: float = 0.3, *, bits: int = 20) -> None:
        check_limit(aupro_limit, "AUPRO")
        if not FEWEST_BITS <= bits <= MOST_BITS:
            raise ValueError(f"a histogram has {FEWEST_BITS} to {MOST_BITS} bits, not {bits}")
        self.aupro_limit = aupro_limit
        self.bits = bits
        self._n_images = 0
        self._n_regions = 0
        self._least, self._largest = inf, -inf
        self._pixels = np.zeros(1 << bits, np.int64)
        self._positives = np.zeros(1 << bits, np.int64)
        self._weights = np.zeros(1 << bits, np.int64)  # of the positives, WEIGHT per region

    def update(self, scores: npt.ArrayLike, mask: npt.NDArray[np.bool_], *, name: str | None = None) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous; wider than float32 they are binned as float32.
            mask: (H, W), bool, True on defects. A map is resized to its mask, never a mask to its map.
            name: of the image, such as its path, for the message of an error.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the shapes differ, or the mask is not bool.
        """
        checked = as_scores(scores, name)
        check_mask(checked, mask)
        if mask.any():
            self._add_defects(checked, mask)
        if checked.size:
            self._least = min(self._least, float(checked.min()))
            self._largest = max(self._largest, float(checked.max()))
        np.add.at(self._pixels, _bins(checked.ravel(), self.bits), 1)
        self._n_images += 1

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the limits of AUPRO or the bits differ.
        """
        if (self.aupro_limit, self.bits) != (other.aupro_limit, other.bits):
            raise ValueError(
                f"limits of AUPRO or bits differ: {self.aupro_limit}, {self.bits} bits and"
                f" {other.aupro_limit}, {other.bits} bits"
            )
        self._n_images += other._n_images
        self._n_regions += other._n_regions
        self._least = min(self._least, other._least)
        self._largest = max(self._largest, other._largest)
        self._pixels += other._pixels
        self._positives += other._positives
        self._weights += other._weights

    def result(self) -> PixelMetrics:
        """Return the metrics of all images so far, each with its `error_bound`; more may follow.

        AUROC, average precision and AUPRO are the middle of their bounds. F1-max is what its threshold, the
        lower edge of a bin, attains on scores as float32; the exact one is that or up to `error_bound` more.
        Where all scores are equal all values are exact.
        """
        ranking = self._rank()
        auroc, precision, f1, aupro = self._measure(ranking)
        return PixelMetrics(
            pixel_auroc=auroc,
            pixel_average_precision=precision,
            pixel_f1_max=f1,
            aupro=aupro,
            aupro_limit=self.aupro_limit,
            n_images=self._n_images,
            n_regions=self._n_regions,
            n_positive_pixels=ranking.n_positives,
            n_negative_pixels=ranking.n_negatives,
        )

    def _add_defects(self, scores: Scores, mask: npt.NDArray[np.bool_]) -> None:
        region, areas = number_pixels(mask)
        bins = _bins(scores[mask], self.bits)
        np.add.at(self._positives, bins, 1)
        np.add.at(self._weights, bins, ((WEIGHT + areas // 2) // areas)[region])
        self._n_regions += len(areas)

    def _rank(self) -> Ranking:
        """Return the bins that hold positives, each as if all its scores were its lower edge."""
        negatives = self._pixels - self._positives
        at_least = negatives[::-1].cumsum()[::-1]
        bins = np.flatnonzero(self._positives)  # (U,)
        return Ranking(
            thresholds=_lower_edges(bins, self.bits),
            positives=self._positives[bins],
            above=(at_least - negatives)[bins],
            at_least=at_least[bins],
            n_positives=int(self._positives.sum()),
            n_negatives=int(at_least[0]),
            things="_pixels",
        )

    def _measure(self, ranking: Ranking) -> tuple[MetricValue, MetricValue, MetricValue, MetricValue]:
        """Return AUROC, average precision, F1-max and AUPRO."""
        if ranking.reason:
            undefined = MetricValue(reason=ranking.reason)
            return undefined, undefined, undefined, undefined
        if self._least == self._largest:
            return tied_metrics(ranking, self._least, self.aupro_limit)
        aupro = bound_overlap(ranking, self._weights[self._positives > 0], self.aupro_limit)
        return bound_auroc(ranking), bound_precision(ranking), bound_f1(ranking), aupro


def _bins(scores: Scores, bits: int) -> npt.NDArray[np.int32]:
    """Return the bin of each score of (N,), (N,)."""
    with np.errstate(over="ignore"):  # a larger float64 becomes infinite, which keeps its place
        single = scores.astype(np.float32, copy=False)
    bins = _ordered(single.view(np.int32))
    bins >>= 32 - bits
    bins += 1 << (bits - 1)
    return bins


def _lower_edges(bins: npt.NDArray[np.intp], bits: int) -> npt.NDArray[np.float32]:
    """Return the least finite score of each bin of (U,), (U,)."""
    keys = (bins - (1 << (bits - 1))) << (32 - bits)
    return _ordered(keys.clip(-LARGEST, LARGEST).astype(np.int32)).view(np.float32)


def _ordered(keys: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Turn the bits of float32 into integers of the same order, -0.0 and 0.0 both into 0, or back again.

    The bits are a sign and a magnitude, the integers two's complement, and either turns into the other by the
    negation of what is negative but for its sign.
    """
    sign = keys >> 31  # -1 or 0
    turned = sign & np.int32(0x7FFFFFFF)
    turned ^= keys
    turned -= sign
    return turned
