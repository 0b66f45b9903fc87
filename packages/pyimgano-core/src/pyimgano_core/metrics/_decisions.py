"""Pixel metrics at a deployed threshold, one image at a time: what the segmentation in use is worth."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Self

import numpy as np

from pyimgano_core.components import keep_large, number_pixels
from pyimgano_core.contracts.metric import Confusion, MetricValue, PixelDecisions
from pyimgano_core.metrics._limits import check_minimum_area, check_threshold
from pyimgano_core.metrics._scores import as_scores, check_counted, check_mask

if TYPE_CHECKING:
    import numpy.typing as npt


class PixelDecisionAccumulator:
    """Gathers score maps with their masks and gives the metrics of flagging scores at or above a threshold.

    Memory is a number per region. Images and shards may come in any order; the result is the same to the bit.

    Args:
        threshold: any number; compared exactly, never rounded to the scores' float32.
        minimum_area: flagged 8-connected regions of fewer pixels are dropped, as if they were not flagged.
    """

    def __init__(self, threshold: float, minimum_area: int = 1) -> None:
        check_threshold(threshold)
        check_minimum_area(minimum_area)
        self.threshold = threshold
        self.minimum_area = minimum_area
        self._counts = np.zeros(4, np.int64)  # tp, fp, tn, fn
        self._overlaps: list[float] = []  # a region's share that is flagged

    def update(
        self,
        scores: npt.ArrayLike,
        mask: npt.NDArray[np.bool_],
        *,
        name: str | None = None,
        counted: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Add one image; on an error nothing is added.

        Args:
            scores: (H, W), larger is more anomalous.
            mask: (H, W), bool, True on defects. A map is resized to its mask, never a mask to its map.
            name: of the image, such as its path, for the message of an error.
            counted: (H, W), bool, the pixels that count; the others are neither flagged nor defective, nor
                passed. None counts all.

        Raises:
            NonFiniteScoresError: a score is NaN or infinite.
            ValueError: the shapes differ, the mask is not bool, or no pixel counts.
        """
        checked = as_scores(scores, name)
        check_mask(checked, mask)
        check_counted(mask, counted)
        reached, size = checked >= np.float64(self.threshold), mask.size
        if counted is not None:
            mask, reached, size = mask & counted, reached & counted, int(np.count_nonzero(counted))
        flagged = keep_large(reached, self.minimum_area)  # (H, W)
        tp = positives = 0
        if mask.any():
            region, areas = number_pixels(mask)
            found = flagged[mask]
            hits = np.bincount(region[found], minlength=len(areas))  # (R,)
            self._overlaps.extend((hits / areas).tolist())
            tp, positives = int(np.count_nonzero(found)), len(found)
        fp, fn = int(np.count_nonzero(flagged)) - tp, positives - tp
        self._counts += np.array((tp, fp, size - tp - fp - fn, fn), np.int64)

    def merge(self, other: Self) -> None:
        """Add all images of `other`, which stays as it is.

        Raises:
            ValueError: the thresholds or the minimum areas differ.
        """
        if self.minimum_area != other.minimum_area:
            raise ValueError(f"minimum areas differ: {self.minimum_area} and {other.minimum_area}")
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
