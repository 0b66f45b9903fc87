"""The methods that add spread to a centre: `gaussian` and `mad`. Nothing is certain of their rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.threshold import FallbackStep
from pyimgano_core.thresholds._found import Found

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import CalibrationRule
    from pyimgano_core.thresholds._found import Scores

_MAD_TO_SIGMA = 1.4826  # 1 / the 0.75 quantile of the standard normal distribution


def by_gaussian(scores: Scores, rule: CalibrationRule) -> Found | FallbackStep:
    """Return mean + k standard deviations (those of a sample, over n - 1) of (N,) ascending scores."""
    if scores[0] == scores[-1]:
        return no_spread(rule, f"all {len(scores)} are equal")
    wide = scores.astype(np.float64)
    mean, std = float(wide.mean()), float(wide.std(ddof=1))
    return Found(
        method="gaussian",
        value=mean + rule.k * std,
        parameters={"k": rule.k, "mean": mean, "std": std},
    )


def by_mad(scores: Scores, rule: CalibrationRule) -> Found | FallbackStep:
    """Return median + k * 1.4826 * median absolute deviation of (N,) scores: half of them may be outliers."""
    wide = scores.astype(np.float64)
    median = float(np.median(wide))
    mad = float(np.median(np.abs(wide - median)))
    if mad == 0.0:
        return no_spread(rule, f"half of the {len(scores)} or more are equal")
    return Found(
        method="mad",
        value=median + rule.k * _MAD_TO_SIGMA * mad,
        parameters={"k": rule.k, "median": median, "mad": mad},
    )


def no_spread(rule: CalibrationRule, finding: str) -> FallbackStep:
    """Return the step away from a method whose scores do not differ."""
    message = f"{rule.method} needs calibration scores that differ, and {finding}"
    return FallbackStep(method=rule.method, reason="no_spread", message=message)
