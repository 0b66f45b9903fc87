"""What a threshold says of scores: verdicts, rates, p-values, and the band that asks for a person."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.threshold import ScoreSummary, Threshold
from pyimgano_core.metrics import as_scores, observed_rate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.prediction import Label

_SUMMARY_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def verdict(score: float | None, threshold: float | None, review: float | None = None) -> Label | None:
    """Return the label of a score, None without a score or a threshold.

    It is anomalous at or above the threshold, else for review at or above `review`, else normal.

    Raises:
        ValueError: the score is NaN, which is neither.
    """
    if score is None or threshold is None:
        return None
    exact = float(score)  # a float32 would round the threshold
    if math.isnan(exact):
        raise ValueError("a score that is NaN has no verdict")
    if exact >= threshold:
        return "anomalous"
    return "review" if review is not None and exact >= review else "normal"


def review_band(threshold: Threshold, review: Threshold) -> Threshold:
    """Return where the review band begins: `review`, less its value where that leaves no band.

    A review threshold at or above the threshold is dropped with the reason `not_below_threshold`, and any
    without a threshold to end at with `no_threshold`.
    """
    if review.value is None:
        return review
    if threshold.value is None:
        return _without_band(
            review, "no_threshold", "there is no threshold that the review band could end at"
        )
    if review.value < threshold.value:
        return review
    problem = f"the review threshold {review.value:g} is not below the threshold {threshold.value:g}"
    return _without_band(review, "not_below_threshold", f"{problem}: there is no review band")


def _without_band(review: Threshold, reason: str, warning: str) -> Threshold:
    provenance = evolve(
        review.provenance,
        reason=reason,
        warnings=(*review.provenance.warnings, warning),
        calibration_false_positives=None,
        calibration_rate=None,
        certificate=None,
    )
    return evolve(review, value=None, provenance=provenance)


def false_positive_rate(
    scores: ArrayLike, threshold_value: float, level: float = 0.95, *, independent: bool = True
) -> ObservedRate:
    """Return the share of (N,) scores of normal images that a threshold flags, with its exact interval.

    Images that are not `independent`, such as several views of a part, have no interval.

    Raises:
        ValueError: a score is NaN or infinite, or the level is not between 0 and 1.
    """
    values = as_scores(scores)
    flagged = int(np.count_nonzero(values >= np.float64(threshold_value)))  # the threshold is not rounded
    return observed_rate(flagged, values.size, level=level, independent=independent)


def conformal_p_values(scores: ArrayLike, calibration: ArrayLike) -> NDArray[np.float64]:
    """Return (1 + #{calibration >= score}) / (n + 1) for each of (M,) scores, (M,) in (0, 1].

    For a normal image that is exchangeable with the n calibration normals, it is at most alpha with a
    probability of at most alpha (Bates et al., "Testing for outliers with conformal p-values", 2023).

    Raises:
        ValueError: a score is NaN or infinite.
    """
    ordered = np.sort(as_scores(calibration).astype(np.float64))
    at_least = len(ordered) - np.searchsorted(ordered, as_scores(scores).astype(np.float64))  # (M,)
    return np.divide(1 + at_least, len(ordered) + 1, dtype=np.float64)


def summarize(scores: ArrayLike) -> ScoreSummary | None:
    """Return the distribution of (N,) scores, or None for none; `std` is over n."""
    wide = np.asarray(scores, dtype=np.float64)
    if not wide.size:
        return None
    return ScoreSummary(
        count=wide.size,
        min=float(wide.min()),
        max=float(wide.max()),
        mean=float(wide.mean()),
        std=float(wide.std()),
        quantiles={name: float(np.quantile(wide, q)) for name, q in _SUMMARY_QUANTILES.items()},
    )
