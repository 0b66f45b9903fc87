"""Variance of image AUROC by DeLong's method, and the paired comparison of two AUROCs over the same images.

DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988). As Sun and Xu, IEEE Signal Processing Letters 21
(2014), observe, an image's component is a difference of ranks, so that a sort replaces all pairs. Ranks are
counted as integers, so that ties are exact.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from attrs import define

from pyimgano_core.contracts.metric import Interval, MetricValue
from pyimgano_core.metrics._intervals import check_level
from pyimgano_core.metrics._scores import as_anomalous, as_image_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pyimgano_core.metrics._scores import Scores

_FEWEST = 2  # images of each label, for a variance


@define(frozen=True, kw_only=True)
class DeLong:
    """Image AUROC with its variance and interval; `variance` is None where there are too few images."""

    auroc: MetricValue
    variance: float | None
    interval: Interval


@define(frozen=True, kw_only=True)
class Comparison:
    """A metric of one set of scores less the same metric of another, over the same images.

    `p_value` is two-sided, for the hypothesis that there is no difference. `difference` and `p_value` are
    None where they are undefined; the interval then holds the reason.
    """

    difference: float | None
    interval: Interval
    p_value: float | None


def delong(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> DeLong:
    """Return image AUROC with DeLong's variance and an interval, symmetric on the logit scale.

    On the logit scale the ends stay inside (0, 1) and cover better near 1, where detectors live.
    The interval is undefined for `no_positives`, `no_negatives`, `too_few_images` (fewer than two of a label)
    and `zero_variance` (such as a perfect AUROC: no sample of this size bounds it by this method).

    Args:
        scores: (N,), larger is more anomalous.
        labels: (N,), 0 or False for normal, 1 or True for anomalous.
        level: between 0 and 1.
        names: of the images, such as their paths, for the message of an error.

    Raises:
        NonFiniteScoresError: a score is NaN or infinite; its `name` is that of the first, or `image 0`.
        ValueError: the shapes differ, a label is neither 0 nor 1, or the level is not between 0 and 1.
    """
    check_level(level)
    checked = as_image_scores(scores, names)
    anomalous = as_anomalous(labels, checked)
    reason = _reason(anomalous)
    if reason in {"no_positives", "no_negatives"}:
        return DeLong(
            auroc=MetricValue(reason=reason), variance=None, interval=Interval(level=level, reason=reason)
        )
    positive, negative = _components(checked, anomalous)
    value = MetricValue(
        value=float(positive.mean()), flags=("constant_scores",) if np.ptp(checked) == 0 else ()
    )
    if reason:
        return DeLong(auroc=value, variance=None, interval=Interval(level=level, reason=reason))
    variance = _variance(positive, negative)
    return DeLong(auroc=value, variance=variance, interval=_logit(float(positive.mean()), variance, level))


def compare_delong(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Comparison:
    """Return the AUROC of `first` less that of `second`, whose correlation over the images is accounted for.

    Undefined as in `delong`; with `zero_variance` the difference is known and its interval is not.

    Args:
        first: (N,) scores of one detector.
        second: (N,) scores of the other, of the same images in the same order.
        labels: as in `delong`.
        level: as in `delong`.
        names: as in `delong`.

    Raises:
        NonFiniteScoresError: as in `delong`.
        ValueError: as in `delong`.
    """
    check_level(level)
    one, other = as_image_scores(first, names), as_image_scores(second, names)
    anomalous = as_anomalous(labels, one, other)
    reason = _reason(anomalous)
    if reason:
        return Comparison(difference=None, interval=Interval(level=level, reason=reason), p_value=None)
    ours, theirs = _components(one, anomalous), _components(other, anomalous)
    positive, negative = ours[0] - theirs[0], ours[1] - theirs[1]
    difference, variance = float(positive.mean()), _variance(positive, negative)
    if variance == 0.0:
        undefined = Interval(level=level, reason="zero_variance")
        return Comparison(difference=difference, interval=undefined, p_value=None)
    error = sqrt(variance)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    interval = Interval(low=max(difference - reach, -1.0), high=min(difference + reach, 1.0), level=level)
    p_value = 2 * NormalDist().cdf(-abs(difference) / error)
    return Comparison(difference=difference, interval=interval, p_value=p_value)


def _reason(anomalous: npt.NDArray[np.bool_]) -> str | None:
    n_positives = int(anomalous.sum())
    n_negatives = len(anomalous) - n_positives
    if not n_positives:
        return "no_positives"
    if not n_negatives:
        return "no_negatives"
    return "too_few_images" if min(n_positives, n_negatives) < _FEWEST else None


def _components(
    scores: Scores, anomalous: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each positive's share of negatives below it (P,), and each negative's of positives above it."""
    positives, negatives = np.sort(scores[anomalous]), np.sort(scores[~anomalous])
    return _share_below(scores[anomalous], negatives), 1.0 - _share_below(scores[~anomalous], positives)


def _share_below(values: Scores, ordered: Scores) -> npt.NDArray[np.float64]:
    twice = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return twice / (2.0 * len(ordered))


def _variance(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    return float(positive.var(ddof=1) / len(positive) + negative.var(ddof=1) / len(negative))


def _logit(value: float, variance: float, level: float) -> Interval:
    if variance == 0.0 or not 0.0 < value < 1.0:
        return Interval(level=level, reason="zero_variance")
    centre = log(value / (1 - value))
    reach = NormalDist().inv_cdf((1 + level) / 2) * sqrt(variance) / (value * (1 - value))
    return Interval(low=1 / (1 + exp(reach - centre)), high=1 / (1 + exp(-reach - centre)), level=level)
