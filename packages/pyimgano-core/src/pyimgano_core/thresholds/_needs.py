"""How many calibration normals a method needs, known before any image is scored.

Numbers of the config are read as the decimals that a person wrote: the double 0.01 is not a hundredth, and
99 normals would not do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyimgano_core.contracts.threshold import FallbackStep
from pyimgano_core.metrics._exact import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.config import CalibrationRule

LEAST_EXCEEDANCES = 50  # below, a generalised Pareto fit says next to nothing of the far tail
LOG_SLACK = 1e-12  # (1 - alpha)^n that equals the risk counts as equal, whatever the logarithms round to
_LEAST_TO_SPREAD = 2


def needed_normals(rule: CalibrationRule) -> int | None:
    """Return the least number of calibration normals that a rule's method can be followed with.

    - conformal: 1 / alpha - 1, so that a rank exists (Vovk et al. 2005);
    - fpr: the n from which (1 - alpha)^n is at most 1 - confidence (Tong, Feng and Li 2018);
    - quantile: 1 / (1 - quantile), so that it lies below their maximum; the maximum itself needs one;
    - evt: enough for 50 scores in the tail;
    - gaussian, mad: the two that can differ;
    - fixed: None, it needs no image.
    """
    match rule.method:
        case "conformal":
            return math.ceil(1 / exact(rule.alpha) - 1)
        case "fpr":
            return max(1, math.ceil((math.log1p(-rule.confidence) + LOG_SLACK) / math.log1p(-rule.alpha)))
        case "quantile":
            return math.ceil(1 / (1 - exact(rule.quantile))) if rule.quantile < 1.0 else 1
        case "evt":
            return math.ceil(LEAST_EXCEEDANCES / exact(rule.tail_fraction))
        case "gaussian" | "mad":
            return _LEAST_TO_SPREAD
        case "fixed":
            return None


def count_groups(groups: Sequence[str | None]) -> int | None:
    """Return how many independent units images form, one without a group counting as its own.

    None where no image has a group.
    """
    named = {group for group in groups if group is not None}
    return len(named) + sum(group is None for group in groups) if named else None


def shortage(rule: CalibrationRule, count: int) -> FallbackStep | None:
    """Return what is missing where `count` calibration normals are too few for a rule, None where they do.

    `quantile` is followed all the same, and then the threshold is the maximum of the scores.
    """
    needed = needed_normals(rule)
    if needed is None or count >= needed:
        return None
    message = f"{_in_words(rule)} needs {needed} calibration normals and has {count}"
    if rule.method == "evt":
        return too_few_exceedances(math.floor(count * exact(rule.tail_fraction)), message=message)
    return FallbackStep(
        method=rule.method, reason="too_few_normals", message=message, needed=needed, available=count
    )


def too_few_exceedances(available: int, *, message: str, needed: int = LEAST_EXCEEDANCES) -> FallbackStep:
    """Return the step away from `evt` where `available` scores lie in the tail."""
    return FallbackStep(
        method="evt", reason="too_few_exceedances", message=message, needed=needed, available=available
    )


def _in_words(rule: CalibrationRule) -> str:
    match rule.method:
        case "quantile":
            return f"the {rule.quantile:g} quantile"
        case "conformal":
            return f"conformal at alpha {rule.alpha:g}"
        case "fpr":
            return f"fpr at alpha {rule.alpha:g} with confidence {rule.confidence:g}"
        case "evt":
            return f"evt over a tail of {rule.tail_fraction:g} of the scores"
        case _:
            return rule.method
