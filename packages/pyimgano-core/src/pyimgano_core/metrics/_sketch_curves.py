"""Curves over the bins of a sketch, many weightings of its images at once.

Positives and negatives of a bin count as tied, except that average precision and AUPIMO spread those of a bin
of several scores evenly over it: what is left of the error is of second order in a bin's share of them.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]


class Curves:
    """What lies in and above each bin, per replicate; bins from the highest score down.

    Args:
        negatives: (R, B).
        positives: (R, B).
        single: (B,), which bins can hold one score only.
    """

    def __init__(self, negatives: Floats, positives: Floats, single: npt.NDArray[np.bool_]) -> None:
        self.negatives = negatives  # (R, B)
        self.positives = positives  # (R, B)
        self.single = single  # (B,)
        self.at_least = negatives.cumsum(axis=1)  # (R, B) negatives down to the end of the bin
        self.found = positives.cumsum(axis=1)  # (R, B) positives, likewise
        self.n_negatives = self.at_least[:, -1]  # (R,)
        self.n_positives = self.found[:, -1]  # (R,)

    def auroc(self) -> Floats:
        """Return the area under the ROC curve, (R,)."""
        above = self.at_least - self.negatives / 2
        missed = np.einsum("rb,rb->r", above, self.positives)
        area: Floats = 1.0 - missed / (self.n_positives * self.n_negatives)
        return area

    def average_precision(self) -> Floats:
        """Return average precision, (R,)."""
        spread = np.where(self.single, 0.0, 0.5)  # (B,)
        found = self.found - spread * np.maximum(self.positives - 1.0, 0.0)
        flagged = found + self.at_least - spread * self.negatives
        precision = found / np.maximum(flagged, 1.0)
        gained = np.einsum("rb,rb->r", precision, self.positives)
        mean: Floats = np.where(self.n_negatives > 0, gained / self.n_positives, np.nan)
        return mean

    def f1_max(self) -> Floats:
        """Return the largest F1 between bins, (R,)."""
        best = (2 * self.found / (self.found + self.at_least + self.n_positives[:, None])).max(axis=1)
        return self._defined(best)

    def most_found(self, max_fpr: float) -> Floats:
        """Return the largest share of positives found at a false-positive rate of at most `max_fpr`, (R,)."""
        allowed = self.at_least / self.n_negatives[:, None] <= max_fpr
        return self._defined(np.where(allowed, self.found, 0.0).max(axis=1) / self.n_positives)

    def fewest_alarms(self, min_tpr: float) -> Floats:
        """Return the smallest false-positive rate at which a share of at least `min_tpr` is found, (R,)."""
        enough = self.found / self.n_positives[:, None] >= min_tpr
        return self._defined(np.where(enough, self.at_least, np.inf).min(axis=1) / self.n_negatives)

    def most_passed(self, max_missed: float) -> Floats:
        """Return the largest share of negatives that pass where at most `max_missed` is missed, (R,)."""
        total = self.n_positives[:, None]
        allowed = (total - self.found) / total <= max_missed
        alarms = np.where(allowed, self.at_least, np.inf).min(axis=1)
        return self._defined((self.n_negatives - alarms) / self.n_negatives)

    def gain(self, limit: float) -> Floats:
        """Return the area under AUPRO that a pixel of each bin adds, as a share of `limit`, (R, B)."""
        high = self.at_least / self.n_negatives[:, None]
        width = self.negatives / self.n_negatives[:, None]
        left = np.maximum(limit - high + width, 0.0)  # from the start of the bin's ramp to the limit
        cut = left**2 / (2 * np.where(width > 0, width, 1.0))
        area: Floats = np.where(high <= limit, left - width / 2, cut)
        return area / limit

    def _defined(self, values: Floats) -> Floats:
        defined: Floats = np.where((self.n_negatives > 0) & (self.n_positives > 0), values, np.nan)
        return defined


def logarithmic_gain(rate: Floats, limits: tuple[float, float], single: npt.NDArray[np.bool_]) -> Floats:
    """Return what a pixel of each bin adds to the AUPIMO of its image, (R, C).

    It is ln(high / F) / ln(high / low), clipped to 0..1, at the false-positive rate F of the pixel; for a bin
    of several scores it is the mean over the rates that the bin runs through. The C first bins are those that
    begin below `high` in some replicate; the others add nothing.

    Args:
        rate: (R, B), what each bin adds to the false-positive rate, bins from the highest score down.
        limits: `low` and `high`.
        single: (B,), which bins can hold one score only.
    """
    low, high = limits
    end = rate.cumsum(axis=1)
    reached = int((end < high).any(axis=0).sum()) + 1  # the bins from here on begin at `high` or later
    end, width = end[:, :reached], rate[:, :reached]
    at_end = np.log(high / np.clip(end, low, high)) / np.log(high / low)
    mean = np.diff(_area_below(end, limits), axis=1, prepend=0.0) / np.where(width > 0, width, 1.0)
    gain: Floats = np.where(single[:reached] | (width == 0.0), at_end, mean)
    return gain


def _area_below(rate: Floats, limits: tuple[float, float]) -> Floats:
    """Return the integral of the clipped gain from the rate 0 up to `rate`."""
    low, high = limits
    inside = np.clip(rate, low, high)
    curve = (inside * (np.log(high / inside) + 1.0) - low) / np.log(high / low)
    area: Floats = np.where(rate < low, rate, curve)
    return area
