"""Student's t distribution for any number of degrees of freedom, without scipy.

With `tan(a) = t / sqrt(d)` its density is `cos(a)^(d - 1)` over a constant, smooth on a short range, which
Gauss and Legendre's rule integrates to about ten digits.
"""

from __future__ import annotations

from functools import cache
from math import atan, exp, inf, isinf, lgamma, pi, sqrt, tan
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

_NODES = 200
_ENDLESS = 1e5  # degrees of freedom from which the normal distribution serves
_FAR = 40.0  # past it nothing is left, but for few degrees of freedom
_HALVINGS = 60


def two_sided_p(t: float, degrees: float) -> float:
    """Return how likely a value at least as far from 0 as `t` is; `degrees` is 1 or more, inf included."""
    if isinf(t):
        return 0.0
    if degrees > _ENDLESS:
        return 2.0 * NormalDist().cdf(-abs(t))
    return _outside(atan(abs(t) / sqrt(degrees)), degrees)


def critical_value(level: float, degrees: float) -> float:
    """Return the `t` with the share `level` of all values at most as far from 0."""
    if degrees > _ENDLESS:
        return NormalDist().inv_cdf((1.0 + level) / 2)
    low, high = 0.0, pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _outside(middle, degrees) > 1.0 - level else (low, middle)
    return sqrt(degrees) * tan(low)


def combined_degrees(parts: list[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of variances, each with its own: Welch and Satterthwaite's.

    Biometrics Bulletin 2 (1946). A variance with `inf` degrees is known.
    """
    total = sum(variance for variance, _ in parts)
    doubt = sum(variance**2 / degrees for variance, degrees in parts)
    return total**2 / doubt if doubt else inf


def _outside(angle: float, degrees: float) -> float:
    angle = min(angle, _FAR / sqrt(degrees))
    nodes, weights = _rule()
    inside = angle / 2 * float(np.sum(weights * np.cos(angle / 2 * (nodes + 1)) ** (degrees - 1)))
    whole = 0.5 * exp(lgamma(degrees / 2) + lgamma(0.5) - lgamma((degrees + 1) / 2))
    return max(0.0, 1.0 - inside / whole)


@cache
def _rule() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
