import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, needed_normals, shortage

VAL = CalibrationOrigin(source="val")

fractions = st.integers(1, 99).map(lambda percent: percent / 100)


def flawless(count, alpha):
    """The probability that `count` normals hold none of the alpha that scores highest."""
    return (1 - Fraction(str(alpha))) ** count


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.05, 19), (0.01, 99), (0.001, 999), (0.3, 3), (0.5, 1), (1e-6, 999_999)]
)
def test_conformal_needs_a_rank_within_the_normals(alpha, needed):
    assert needed == needed_normals(CalibrationRule(alpha=alpha))


@pytest.mark.parametrize(
    ("alpha", "confidence", "needed"),
    [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.001, 0.95, 2995), (0.5, 0.75, 2), (0.01, 0.99, 459)],
)
def test_a_sure_rate_needs_enough_normals_for_their_maximum(alpha, confidence, needed):
    assert needed == needed_normals(CalibrationRule(method="fpr", alpha=alpha, confidence=confidence))


@given(fractions, fractions)
@example(0.5, 0.5)
@example(0.9, 0.9)
@example(0.01, 0.87)  # 203 miss it by 3 in a million
def test_a_sure_rate_needs_exactly_as_many_as_the_maximum_does(alpha, confidence):
    needed = needed_normals(CalibrationRule(method="fpr", alpha=alpha, confidence=confidence))
    risk = 1 - Fraction(str(confidence))
    assert flawless(needed, alpha) <= risk
    assert needed == 1 or flawless(needed - 1, alpha) > risk


@pytest.mark.parametrize(("quantile", "needed"), [(0.995, 200), (0.99, 100), (0.9, 10), (0.5, 2), (1.0, 1)])
def test_a_quantile_needs_enough_to_lie_below_the_maximum(quantile, needed):
    assert needed == needed_normals(CalibrationRule(method="quantile", quantile=quantile))


@pytest.mark.parametrize(("share", "needed"), [(0.1, 500), (0.3, 167), (0.5, 100)])
def test_a_tail_needs_fifty_exceedances(share, needed):
    rule = CalibrationRule(method="evt", tail_fraction=share)
    assert needed == needed_normals(rule)
    step = shortage(rule, needed - 1)
    assert ("too_few_exceedances", 50, 49) == (step.reason, step.needed, step.available)
    assert f"needs {needed} calibration normals and has {needed - 1}" in step.message


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_a_spread_needs_two_normals(method):
    assert 2 == needed_normals(CalibrationRule(method=method))


def test_a_fixed_threshold_needs_none():
    rule = CalibrationRule(method="fixed", value=1.0)
    assert needed_normals(rule) is None
    assert shortage(rule, 0) is None


@pytest.mark.parametrize("method", ["conformal", "fpr", "quantile", "evt", "gaussian", "mad"])
def test_a_shortage_ends_where_the_need_is_met(method):
    rule = CalibrationRule(method=method, alpha=0.05)
    needed = needed_normals(rule)
    assert shortage(rule, needed) is None
    assert method == shortage(rule, needed - 1).method


def test_a_shortage_says_in_words_what_is_missing():
    step = shortage(CalibrationRule(method="fpr"), 120)
    words = "fpr at alpha 0.01 with confidence 0.95 needs 299 calibration normals and has 120"
    assert ("too_few_normals", 299, 120, words) == (step.reason, step.needed, step.available, step.message)


@given(st.sampled_from(["conformal", "fpr"]), fractions, fractions, st.integers(1, 120))
def test_a_method_is_followed_exactly_where_there_is_no_shortage(method, alpha, confidence, count):
    rule = CalibrationRule(method=method, alpha=alpha, confidence=confidence)
    provenance = calibrate(np.arange(count), rule, VAL).provenance
    assert (shortage(rule, count) is None) == (provenance.method == method)
    assert tuple(filter(None, [shortage(rule, count)])) == provenance.fallbacks


def test_numbers_are_the_decimals_that_were_written():
    assert 1 / (1 - 0.9) != 10
    assert math.ceil((9 + 1) * (1 - 0.7)) == 4  # a double's rounding, and one image too many
    rank = calibrate(np.arange(9), CalibrationRule(alpha=0.7), VAL).provenance.rank
    assert 3 == rank
