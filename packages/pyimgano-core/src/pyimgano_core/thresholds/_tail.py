"""The method `evt`: peaks over a threshold, extrapolated by a generalised Pareto distribution.

Siffer, Fouque, Termier and Largouët, "Anomaly detection in streams with extreme value theory", KDD 2017. It
can reach rates that the calibration normals are too few to count, and nothing is certain of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.metrics._exact import exact
from pyimgano_core.thresholds._found import Found
from pyimgano_core.thresholds._needs import LEAST_EXCEEDANCES, too_few_exceedances
from pyimgano_core.thresholds._pareto import fit_p_value, fit_pareto
from pyimgano_core.thresholds._spread import no_spread

if TYPE_CHECKING:
    from pyimgano_core.contracts.config import CalibrationRule
    from pyimgano_core.contracts.threshold import FallbackStep
    from pyimgano_core.thresholds._found import Scores

_POOR_FIT = 0.05


def by_tail(scores: Scores, rule: CalibrationRule) -> Found | FallbackStep:
    """Return u + sigma / gamma ((alpha n / N_u)^-gamma - 1) of (N,) ascending scores.

    u is the score of rank ceil((1 - tail_fraction) n), and N_u the number of scores above it.
    """
    count = len(scores)
    start = float(scores[math.ceil((1 - exact(rule.tail_fraction)) * count) - 1])
    wide = scores.astype(np.float64)
    excess = wide[wide > start] - start  # (N_u,) ascending
    needed = max(LEAST_EXCEEDANCES, math.floor(exact(rule.alpha) * count) + 1)  # the rate lies in the tail
    if len(excess) < needed:
        message = f"evt needs {needed} calibration scores in the tail, above {start:g}, and has {len(excess)}"
        return too_few_exceedances(len(excess), message=message, needed=needed)
    if excess[0] == excess[-1]:
        return no_spread(rule, f"the {len(excess)} in the tail are equal")
    fitted = fit_pareto(excess)
    p_value = fit_p_value(excess, fitted)
    return Found(
        method="evt",
        value=start + fitted.exceeded_by(rule.alpha * count / len(excess)),
        parameters={
            "alpha": rule.alpha,
            "tail_fraction": rule.tail_fraction,
            "tail_threshold": start,
            "exceedances": float(len(excess)),
            "gamma": fitted.gamma,
            "sigma": fitted.sigma,
            "fit_p_value": p_value,
        },
        warnings=_warnings(p_value),
    )


def _warnings(p_value: float) -> tuple[str, ...]:
    if p_value >= _POOR_FIT:
        return ()
    return (
        f"the tail does not look like the generalised Pareto distribution fitted to it (p = {p_value:g})",
    )
