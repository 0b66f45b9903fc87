"""Each known mistake of a threshold method is planted, and the properties are seen to catch it.

A method takes the scores (N,) of calibration normals and a rate of false alarms, and returns a threshold.
"""

import math

import numpy as np
import pytest
from scipy.stats import binom

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.metrics import NonFiniteScoresError
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

VAL = CalibrationOrigin(source="val")

ALPHA = 0.05
RISK = 0.05  # that the rate is above it, where a confidence is asked for
COUNTS = (33, 59)
CONFIDENT_COUNTS = range(59, 400, 10)  # at least as many as the confidence needs
GIANT = 1e5

# the methods


def conformal(scores, alpha):
    return calibrate(scores, CalibrationRule(method="conformal", alpha=alpha), VAL).value


def confident(scores, alpha):
    rule = CalibrationRule(method="fpr", alpha=alpha, confidence=1 - RISK)
    return calibrate(scores, rule, VAL).value


def quantile(scores, alpha):
    return calibrate(scores, CalibrationRule(method="quantile", quantile=1 - alpha), VAL).value


# their properties


def keeps_the_rate_of_one_more(method):
    """Each of n + 1 exchangeable scores is as likely to be the new one: counting gives the probability."""
    for scores in _draw():
        assert _count_outside(method, scores) <= ALPHA * len(scores) + 1e-9


def is_no_stricter_than_it_must(method):
    for scores in _draw():
        assert _count_outside(method, scores) > ALPHA * len(scores) - 1 - 1e-9


def keeps_the_rate_with_confidence(method):
    for count in CONFIDENT_COUNTS:
        assert _risk(count, _rank(method, count)) <= RISK


def has_the_least_rank_of_that_confidence(method):
    for count in CONFIDENT_COUNTS:
        assert _risk(count, _rank(method, count) - 1) > RISK


def flags_no_more_than_the_rate_of_its_scores(method):
    for scores in _draw():
        assert (scores >= np.float64(method(scores, ALPHA))).mean() <= ALPHA


def flags_no_tie_of_its_rank(method):
    scores = np.repeat(np.array([1.0, 2.0], np.float32), [10, 90])
    assert not (scores >= np.float64(method(scores, ALPHA))).any()


def has_no_threshold_without_scores(method):
    assert method(np.empty(0, np.float32), ALPHA) is None


def refuses_nan(method):
    with pytest.raises(NonFiniteScoresError):
        method(np.array([1.0] * 98 + [math.nan]), ALPHA)


def _draw():
    """Return distinct scores of each count: bell-shaped, skewed, and closer than a float32 can tell."""
    random = np.random.default_rng(5)
    for count in COUNTS:
        yield random.permutation(random.normal(0, 1, count + 1))
        yield random.exponential(1, count + 1).astype(np.float32) ** 2
        yield 1 + 1e-12 * random.permutation(count + 1)


def _count_outside(method, scores):
    others = (np.delete(scores, index) for index in range(len(scores)))
    return sum(score >= np.float64(method(rest, ALPHA)) for score, rest in zip(scores, others, strict=True))


def _rank(method, count):
    scores = np.arange(count, dtype=np.float32)
    return int((scores < method(scores, ALPHA)).sum())


def _risk(count, rank):
    return binom.cdf(count - rank, count, ALPHA)


# the mistakes


def order_statistic_as_it_is(scores, alpha):
    """The calibration score itself, which `>=` flags."""
    return np.sort(scores)[math.ceil(len(scores) * (1 - alpha) - 1e-9) - 1]


def rank_of_n(scores, alpha):
    return _above(scores, math.ceil(len(scores) * (1 - alpha) - 1e-9))


def rank_rounded_down(scores, alpha):
    return _above(scores, math.floor((len(scores) + 1) * (1 - alpha) + 1e-9))


def quantile_interpolated(scores, alpha):
    return np.quantile(scores, 1 - alpha)


def rounded_to_float32(scores, alpha):
    return np.float32(conformal(scores, alpha))


def mean_and_two_sigma(scores, _alpha):
    return np.mean(scores) + 2 * np.std(scores)


def minimum(scores, _alpha):  # anomalib's F1-max before 2.3, without anomalous images
    return scores.min()


def maximum(scores, _alpha):
    return _above(scores, len(scores))


def confidence_forgotten(scores, alpha):
    return conformal(scores, alpha)


def rank_below_the_confident(scores, alpha):
    return _above(scores, int((scores < confident(scores, alpha)).sum()) - 1)


def rank_above_the_confident(scores, alpha):
    return _above(scores, min(int((scores < confident(scores, alpha)).sum()) + 1, len(scores)))


def bell_for_the_binomial(scores, alpha):
    count = len(scores)
    spread = 1.645 * math.sqrt(count * alpha * (1 - alpha))
    return _above(scores, min(math.ceil(count * (1 - alpha) + spread), count))


def zero_without_scores(scores, alpha):
    return conformal(scores, alpha) if len(scores) else 0.0


def nan_sorted_last(scores, alpha):
    return conformal(np.nan_to_num(scores, nan=GIANT), alpha)


def _above(scores, rank):
    return np.nextafter(np.sort(scores)[rank - 1], scores.dtype.type(np.inf))


OF_RANKS = (flags_no_tie_of_its_rank, has_no_threshold_without_scores, refuses_nan)
HOLDS = {
    conformal: (
        keeps_the_rate_of_one_more,
        is_no_stricter_than_it_must,
        flags_no_more_than_the_rate_of_its_scores,
        *OF_RANKS,
    ),
    confident: (keeps_the_rate_with_confidence, has_the_least_rank_of_that_confidence, *OF_RANKS),
    quantile: (flags_no_more_than_the_rate_of_its_scores, *OF_RANKS),
}
CAUGHT = {
    order_statistic_as_it_is: (flags_no_more_than_the_rate_of_its_scores, flags_no_tie_of_its_rank),
    rank_of_n: (keeps_the_rate_of_one_more,),
    rank_rounded_down: (keeps_the_rate_of_one_more,),
    quantile_interpolated: (keeps_the_rate_of_one_more, flags_no_tie_of_its_rank),
    rounded_to_float32: (keeps_the_rate_of_one_more, flags_no_more_than_the_rate_of_its_scores),
    mean_and_two_sigma: (keeps_the_rate_of_one_more,),
    minimum: (keeps_the_rate_of_one_more, flags_no_more_than_the_rate_of_its_scores),
    maximum: (is_no_stricter_than_it_must,),
    confidence_forgotten: (keeps_the_rate_with_confidence,),
    rank_below_the_confident: (keeps_the_rate_with_confidence,),
    rank_above_the_confident: (has_the_least_rank_of_that_confidence,),
    bell_for_the_binomial: (keeps_the_rate_with_confidence,),
    zero_without_scores: (has_no_threshold_without_scores,),
    nan_sorted_last: (refuses_nan,),
}


def pairs(table):
    """Return a test's parameters: a method and one of its properties each."""
    return [
        pytest.param(method, check, id=f"{method.__name__}-{check.__name__}")
        for method, checks in table.items()
        for check in checks
    ]


@pytest.mark.parametrize(("method", "check"), pairs(HOLDS))
def test_the_methods_have_the_property(method, check):
    check(method)


@pytest.mark.parametrize(("mistake", "check"), pairs(CAUGHT))
def test_the_property_catches_the_mistake(mistake, check):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(mistake)
