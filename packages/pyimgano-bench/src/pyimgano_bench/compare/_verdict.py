"""From effects to verdicts: the rule, Holm's correction over categories, and the macro mean."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_bench.compare._contract import Judged
from pyimgano_bench.compare._effect import holm, over_categories
from pyimgano_bench.compare._measure import Found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyimgano_bench.compare._contract import Verdict
    from pyimgano_bench.compare._effect import Effect

ONE_SEED = "one seed on a side: a single fit can't tell the detector from its seed; run 2 or more seeds"
_NO_SPREAD = "no image and no seed tells the two apart, which bounds nothing"
_ON_THESE = "on these images more than seeds explain; they are too few to say so of others"


@define(frozen=True, kw_only=True)
class Rule:
    """What verdicts are made by: a difference too small to matter, and the error rate."""

    margin: float
    alpha: float


@define(frozen=True, kw_only=True)
class _PValues:
    """Of an effect: as it is, after the correction, and that for these very images after the correction."""

    own: float = 1.0
    adjusted: float = 1.0
    seeds: float = 1.0


def judge(metric: str, found: Mapping[str, Found], rule: Rule) -> list[Judged]:
    """Return the verdict on each category, in order."""
    effects = {name: each.effect for name, each in found.items() if each.effect and each.effect.has_seeds}
    own = [effect.p_value() for effect in effects.values()]
    seeds = holm([effect.seed_p_value() for effect in effects.values()])
    p_values = {
        name: _PValues(own=one, adjusted=adjusted, seeds=seed)
        for name, one, adjusted, seed in zip(effects, own, holm(own), seeds, strict=True)
    }
    return [
        evolve(_judged(metric, each, p_values.get(name, _PValues()), rule), category=name)
        for name, each in found.items()
    ]


def judge_mean(metric: str, found: Mapping[str, Found], rule: Rule) -> Judged:
    """Return the verdict on the macro mean, over the categories that can be compared."""
    shared = {name: each for name, each in found.items() if each.effect is not None}
    count = sum(each.missing or each.contender is not None for each in found.values())
    if not shared:
        nothing = Found(reason="no category can be compared", missing=count > 0)
        return evolve(_judged(metric, nothing, _PValues(), rule), category_count=count)
    effect = over_categories([each.effect for each in shared.values() if each.effect is not None])
    mean = Found(
        effect=effect,
        contender=fmean(each.contender for each in shared.values() if each.contender is not None),
        baseline=fmean(each.baseline for each in shared.values() if each.baseline is not None),
        identical=all(each.identical for each in shared.values()),
    )
    p_values = _PValues()
    if effect.has_seeds:
        own = effect.p_value()
        p_values = _PValues(own=own, adjusted=own, seeds=effect.seed_p_value())
    judged = _judged(metric, mean, p_values, rule)
    return evolve(judged, categories=tuple(shared), category_count=count)


def _judged(metric: str, found: Found, p_values: _PValues, rule: Rule) -> Judged:
    if found.contender is None or found.baseline is None:
        verdict: Verdict = "missing" if found.missing else "undefined"
        return Judged(metric=metric, verdict=verdict, reason=found.reason)
    judged = Judged(
        metric=metric,
        verdict="equivalent" if found.identical else "undecided",
        reason=found.reason,
        contender=found.contender,
        baseline=found.baseline,
        difference=found.contender - found.baseline,
    )
    effect = found.effect
    if found.identical or effect is None:
        return judged
    if not effect.has_seeds:
        return evolve(judged, reason=ONE_SEED)
    if effect.error == 0.0:
        return evolve(judged, reason=_NO_SPREAD)
    low, high = effect.interval(1 - rule.alpha)
    verdict, reason = _verdict(effect, p_values, rule)
    return evolve(
        judged,
        verdict=verdict,
        reason=reason,
        low=low,
        high=high,
        p_value=p_values.own,
        adjusted_p_value=p_values.adjusted,
        seed_p_value=p_values.seeds,
    )


def _verdict(effect: Effect, p_values: _PValues, rule: Rule) -> tuple[Verdict, str | None]:
    """Return the verdict and, where it is undecided, how near it is to one."""
    low, high = effect.interval(1 - rule.alpha)
    if -rule.margin < low and high < rule.margin:
        return "equivalent", None
    if p_values.adjusted < rule.alpha:
        return ("better" if effect.difference > 0 else "worse"), None
    on_these = p_values.seeds < rule.alpha and abs(effect.difference) > rule.margin
    return "undecided", _ON_THESE if on_these else None
