"""Pixel metrics at a deployed threshold, one image at a time: what the segmentation in use is worth."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.contracts.metric import Confusion, MetricValue, PixelDecisions
from pyimgano_core.metrics._overlap import find_defects
from pyimgano_core.metrics._scores import as_scores, check_mask

if TYPE_CHECKING:
    import numpy.typing as npt


class PixelDecisionAccumulator:
    """Gathers score maps with their masks and gives the metrics of flagging scores at or above a threshold.

    Memory is a number per region. Images and shards may come in any order; the result is the same to the bit.

    Args:
        threshold: any number; compared exactly, never rounded to the scores' float32.
    """

    def __init__(self, threshold: float) -> None:
        if np.isnan(threshold):
            raise ValueError("the threshold is NaN")
        self.threshold = threshold
        self._counts = np.zeros(4, np.int64)  # tp, fp, tn, fn
        self._overlaps: list[float] = []  # a region's share that is flagged

    def update(self, scores: npt.ArrayLike, mask: npt.NDArray[np.bool_]) -> None:
        """Add one image; on an error nothing is added.

        Arguments and errors are those of `PixelAccumulator.update`.
        """
        checked = as_scores(scores)
        check_mask(checked, mask)
        flagged = checked >= np.float64(self.threshold)
        positives, n_flagged = int(np.count_nonzero(mask)), int(np.count_nonzero(flagged))
        tp = 0
        if positives:
            defects = find_defects(checked, mask)
            found = defects.scores >= np.float64(self.threshold)
            hits = np.bincount(defects.region[found], minlength=len(defects.areas))  # (R,)
            self._overlaps.extend((hits / defects.areas).tolist())
            tp = int(np.count_nonzero(found))
        fp, fn = n_flagged - tp, positives - tp
        self._counts += np.array((tp, fp, mask.size - tp - fp - fn, fn), np.int64)

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the thresholds differ.
        """
        if self.threshold != other.threshold:
            raise ValueError(f"thresholds differ: {self.threshold} and {other.threshold}")
        self._counts += other._counts
        self._overlaps.extend(other._overlaps)

    def result(self) -> PixelDecisions:
        """Return the metrics of all images so far; more may follow."""
        tp, fp, tn, fn = (int(count) for count in self._counts)
        confusion = Confusion(tp=tp, fp=fp, tn=tn, fn=fn)
        pro = iou = f1 = MetricValue(reason="no_positive_pixels")
        if self._overlaps:
            pro = MetricValue(value=fsum(self._overlaps) / len(self._overlaps))
            iou = MetricValue(value=tp / (tp + fp + fn))
            f1 = MetricValue(value=confusion.f1)
        return PixelDecisions(threshold=self.threshold, confusion=confusion, pro=pro, iou=iou, f1=f1)
