"""The methods that take the score of a rank: `quantile`, `conformal` and `fpr`.

The threshold is the next number above that score, in the scores' own dtype. Decisions are
`score >= threshold`, so the calibration image itself would be flagged else; with it, an image is flagged
exactly where it scores higher, which is what the theorems count. Ties only ever lower the rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.metrics._exact import exact
from pyimgano_core.thresholds._found import Found

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import CalibrationRule
    from pyimgano_core.thresholds._found import Scores

_TIE_SLACK = 1e-11  # above that of `needed_normals`, so that who has the number needed has a rank


def by_quantile(scores: Scores, rule: CalibrationRule) -> Found:
    """Return the score of rank ceil(q n) of (N,) ascending scores: an empirical quantile."""
    rank = math.ceil(exact(rule.quantile) * len(scores))
    return Found(
        method="quantile",
        value=_just_above(scores, rank),
        rank=rank,
        parameters={"quantile": rule.quantile},
    )


def by_conformal(scores: Scores, rule: CalibrationRule) -> Found:
    """Return the score of rank ceil((n + 1)(1 - alpha)) of (N,) ascending scores.

    A new normal image exceeds it with a probability of at most alpha, over the draw of both (Vovk, Gammerman
    and Shafer, "Algorithmic Learning in a Random World", 2005; Bates et al., "Testing for outliers with
    conformal p-values", Annals of Statistics 51, 2023).
    """
    rank = math.ceil((len(scores) + 1) * (1 - exact(rule.alpha)))
    return Found(
        method="conformal",
        value=_just_above(scores, rank),
        rank=rank,
        parameters={"alpha": rule.alpha},
    )


def by_rate(scores: Scores, rule: CalibrationRule) -> Found:
    """Return the score of the smallest rank k with P(Bin(n, 1 - alpha) >= k) <= 1 - confidence.

    The share of all normal images that exceed it is at most alpha, with that confidence over the draw of the
    calibration images (Tong, Feng and Li, "Neyman-Pearson classification algorithms and NP receiver operating
    characteristics", Science Advances 4, 2018: their umbrella algorithm).
    """
    rank = _certain_rank(len(scores), rule.alpha, 1.0 - rule.confidence)
    return Found(
        method="fpr",
        value=_just_above(scores, rank),
        rank=rank,
        parameters={"alpha": rule.alpha, "confidence": rule.confidence},
    )


def _certain_rank(count: int, alpha: float, risk: float) -> int:
    """Return the rank k for which P(Bin(n, alpha) <= n - k) is at most the risk, but not for k - 1.

    The probabilities of 0, 1, … n - 1 come from one another in logarithms: the first can be too small for a
    float.
    """
    above = np.arange(count, dtype=np.float64)  # (N,)
    steps = np.log((count - above[:-1]) / (above[:-1] + 1.0)) + math.log(alpha) - math.log1p(-alpha)
    first = count * math.log1p(-alpha)
    at_most = np.exp(first + np.concatenate([[0.0], np.cumsum(steps)])).cumsum()  # (N,)
    return count - int(np.count_nonzero(at_most <= risk * (1.0 + _TIE_SLACK))) + 1


def _just_above(scores: Scores, rank: int) -> float:
    with np.errstate(over="ignore"):  # infinity is no threshold, which `calibrate` tells
        return float(np.nextafter(scores[rank - 1], np.inf))
