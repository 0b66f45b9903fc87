"""A rule's method, or its quantile where the method can't be followed, and what is certain of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.contracts.threshold import Certificate, FallbackStep
from pyimgano_core.thresholds._needs import shortage
from pyimgano_core.thresholds._order import by_conformal, by_quantile, by_rate
from pyimgano_core.thresholds._spread import by_gaussian, by_mad
from pyimgano_core.thresholds._tail import by_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyimgano_core.contracts.config import CalibrationRule
    from pyimgano_core.thresholds._found import Found, Scores

_METHODS: dict[str, Callable[[Scores, CalibrationRule], Found | FallbackStep]] = {
    "conformal": by_conformal,
    "fpr": by_rate,
    "gaussian": by_gaussian,
    "mad": by_mad,
    "evt": by_tail,
}
_AIM_AT_ALPHA = frozenset({"conformal", "fpr", "evt"})


def follow(scores: Scores, rule: CalibrationRule) -> tuple[Found, tuple[FallbackStep, ...]]:
    """Return what the rule gives, and the step away from its method where there was one.

    Args:
        scores: (N,) ascending, at least one.
        rule: any but a fixed one.
    """
    if rule.method == "quantile":
        return _by_quantile(scores, rule), ()
    result = shortage(rule, len(scores)) or _METHODS[rule.method](scores, rule)
    if isinstance(result, FallbackStep):
        return _by_quantile(scores, evolve(rule, method="quantile")), (result,)
    return result, ()


def _by_quantile(scores: Scores, rule: CalibrationRule) -> Found:
    missing = shortage(rule, len(scores))
    warnings = () if missing is None else (f"{missing.message}: the threshold is their maximum",)
    return evolve(by_quantile(scores, rule), warnings=warnings)


def certify(rule: CalibrationRule, found: Found, count: int) -> Certificate:
    """Return which false-positive rate is certain of `count` independent normals that were not fitted.

    A new score is as likely to fall into any of the n + 1 gaps between theirs, so n + 1 - k of n + 1 exceed
    the one of rank k.
    """
    asked = asked_of(rule)
    if found.rank is None:
        return evolve(asked, reason="method_assumes_a_distribution")
    if found.method == "fpr":
        return evolve(asked, level=rule.alpha, confidence=rule.confidence)
    level = (count + 1 - found.rank) / (count + 1)
    is_missed = asked.target is not None and (level > asked.target or asked.target_confidence is not None)
    return evolve(asked, level=level, reason="too_few_normals" if is_missed else None)


def asked_of(rule: CalibrationRule) -> Certificate:
    """Return what a rule asks for: a false-positive rate, a confidence, both or nothing."""
    return Certificate(
        target=rule.alpha if rule.method in _AIM_AT_ALPHA else None,
        target_confidence=rule.confidence if rule.method == "fpr" else None,
    )
