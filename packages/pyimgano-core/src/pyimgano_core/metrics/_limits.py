"""The ranges of what the pixel metrics are told: limits, saturations, areas, thresholds."""

from __future__ import annotations

import numpy as np


def check_limit(limit: float, metric: str) -> None:
    """Raise ValueError where `limit`, a false-positive rate that `metric` ends at, is not one."""
    if not 0.0 < limit <= 1.0:
        raise ValueError(f"the limit of {metric} is above 0 and at most 1, not {limit}")


def check_saturation(saturation: float | None) -> None:
    """Raise ValueError where `saturation` is no share of a region; None asks for no AU-sPRO."""
    if saturation is not None and not 0.0 < saturation <= 1.0:
        raise ValueError(f"a saturation is above 0 and at most 1, not {saturation}")


def check_log_limits(limits: tuple[float, float]) -> None:
    """Raise ValueError where `limits` are not two false-positive rates that AUPIMO can run between."""
    low, high = limits
    if not 0.0 < low < high <= 1.0:
        raise ValueError(f"the limits of AUPIMO are 0 < low < high <= 1, not {low} and {high}")


def check_minimum_area(area: int) -> None:
    """Raise ValueError where `area` is no number of pixels."""
    if area < 1:
        raise ValueError(f"the minimum area is at least 1 pixel, not {area}")


def check_threshold(threshold: float) -> None:
    """Raise ValueError where `threshold` is NaN."""
    if np.isnan(threshold):
        raise ValueError("the threshold is NaN")
