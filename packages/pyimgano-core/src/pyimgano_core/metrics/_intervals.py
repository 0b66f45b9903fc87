"""Intervals of a metric or a rate: what an interval is, and the exact one of a proportion.

Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
Biometrika 26 (1934): each limit is the rate at which the observed count is only just not too surprising.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

import numpy as np

from pyimgano_core.contracts.metric import Interval, ObservedRate

_HALVINGS = 64  # past the precision of a float in [0, 1]


def clopper_pearson(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Return the exact interval of a rate: it covers the true one in at least `level` of all samples.

    Args:
        successes: how many of the trials, from 0 to `trials`.
        trials: independent ones; with 0 the interval is undefined, with the reason `no_trials`.
        level: between 0 and 1.

    Raises:
        ValueError: the counts are impossible, or the level is not between 0 and 1.
    """
    check_level(level)
    whole = all(isinstance(number, (int, np.integer)) for number in (successes, trials))
    if not (whole and 0 <= successes <= trials):
        raise ValueError(
            f"{successes} of {trials} is no count: both are whole numbers, and the first is the smaller"
        )
    if not trials:
        return Interval(level=level, reason="no_trials")
    tail = (1.0 - level) / 2
    return Interval(
        low=_lower_limit(successes, trials, tail),
        high=1.0 - _lower_limit(trials - successes, trials, tail),
        level=level,
    )


def observed_rate(count: int, total: int, *, level: float = 0.95, independent: bool = True) -> ObservedRate:
    """Return the share `count` of `total` with its exact interval.

    Arguments and errors are those of `clopper_pearson`; a share of 0 things has no rate. Where the things are
    not `independent`, such as several images of a part, there is no interval: `grouped_images`.
    """
    interval = clopper_pearson(count, total, level=level)
    rate = count / total if total else None
    if not independent:
        interval = Interval(level=level, reason="grouped_images")
    return ObservedRate(count=count, total=total, rate=rate, interval=interval)


def check_level(level: float) -> None:
    """Raise ValueError where `level` is not between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level of an interval is between 0 and 1, not {level}")


def _lower_limit(successes: int, trials: int, tail: float) -> float:
    """Return the rate at which `successes` or more have the probability `tail`."""
    if not successes:
        return 0.0
    if successes == trials:
        return exp(log(tail) / trials)
    low, high = 0.0, successes / trials  # at the observed rate the probability is above any tail below a half
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_least(successes, trials, middle) < tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_least(successes: int, trials: int, rate: float) -> float:
    """Return the probability of `successes` or more, for a rate at or below the observed one."""
    if rate == 0.0:
        return 0.0
    first = lgamma(trials + 1) - lgamma(successes + 1) - lgamma(trials - successes + 1)
    first += successes * log(rate) + (trials - successes) * log1p(-rate)
    counts = np.arange(successes, trials, dtype=np.float64)
    ratios = (trials - counts) / (counts + 1.0) * (rate / (1.0 - rate))  # of neighbours, all at most 1
    return exp(first) * (1.0 + float(ratios.cumprod().sum()))
