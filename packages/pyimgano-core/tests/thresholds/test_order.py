from fractions import Fraction
from math import ceil, comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.contracts.config import CalibrationRule
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, verdict

VAL = CalibrationOrigin(source="val")

percents = st.integers(1, 99).map(lambda percent: percent / 100)
floats32 = st.floats(-(2.0**100), 2.0**100, width=32)
score_arrays = arrays(np.float32, st.integers(1, 60), elements=floats32)
rules = st.builds(
    CalibrationRule,
    method=st.sampled_from(["conformal", "fpr", "quantile"]),
    alpha=percents,
    confidence=percents,
    quantile=percents | st.just(1.0),
)


def threshold_of(scores, method="conformal", **parameters):
    return calibrate(scores, CalibrationRule(method=method, **parameters), VAL)


def binomial_at_least(successes, trials, rate):
    """P(Bin(trials, rate) >= successes), term by term and exactly."""
    terms = (comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(successes, trials + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(
    ("count", "quantile", "rank"),
    [
        (10, 0.8, 8),
        (10, 0.81, 9),
        (200, 0.995, 199),
        (199, 0.995, 199),
        (7, 1.0, 7),
        (1, 0.001, 1),
        (100, 0.07, 7),
    ],
)
def test_a_quantile_is_the_score_of_the_rank_rounded_up(count, quantile, rank):
    assert rank == threshold_of(np.arange(count), "quantile", quantile=quantile).provenance.rank


@pytest.mark.parametrize(
    ("count", "alpha", "rank"),
    [(99, 0.01, 99), (199, 0.01, 198), (200, 0.01, 199), (19, 0.05, 19), (9, 0.5, 5)],
)
def test_conformal_takes_the_rank_of_one_normal_more(count, alpha, rank):
    threshold = threshold_of(np.arange(1, count + 1, dtype=np.float32), alpha=alpha)
    assert ("conformal", rank) == (threshold.provenance.method, threshold.provenance.rank)
    assert float(np.nextafter(np.float32(rank), np.float32(np.inf))) == threshold.value
    assert count - rank == threshold.provenance.calibration_false_positives


@settings(max_examples=50)
@given(st.integers(1, 30), percents)
def test_conformal_flags_a_new_normal_no_more_often_than_alpha_and_hardly_less(count, alpha):
    """Any of n + 1 exchangeable scores is as likely to be the new one: count those that would be flagged."""
    scores = np.arange(count + 1.0)
    flagged = 0
    for new in range(count + 1):
        threshold = threshold_of(np.delete(scores, new), alpha=alpha)
        if threshold.provenance.method != "conformal":
            return
        flagged += scores[new] >= threshold.value
    rate = Fraction(flagged, count + 1)
    assert Fraction(str(alpha)) - Fraction(1, count + 1) < rate <= Fraction(str(alpha))
    assert float(rate) == threshold.provenance.certificate.level


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), percents)
def test_with_ties_conformal_flags_a_new_normal_less_often(values, alpha):
    scores = np.array(values, np.float64)
    thresholds = [threshold_of(np.delete(scores, new), alpha=alpha) for new in range(len(scores))]
    if thresholds[0].provenance.method == "conformal":
        flagged = sum(score >= found.value for score, found in zip(scores, thresholds, strict=True))
        assert Fraction(int(flagged), len(scores)) <= Fraction(str(alpha))


@pytest.mark.parametrize(("count", "rank"), [(500, 499), (299, 299), (473, 472), (472, 472)])
def test_a_sure_rate_takes_the_published_ranks(count, rank):
    provenance = threshold_of(np.arange(count), "fpr").provenance
    assert ("fpr", rank) == (provenance.method, provenance.rank)


@given(st.integers(1, 60), percents, percents)
def test_a_sure_rate_takes_the_smallest_rank_of_the_binomial_tail(count, alpha, confidence):
    provenance = threshold_of(np.arange(count), "fpr", alpha=alpha, confidence=confidence).provenance
    passed, risk = 1 - Fraction(str(alpha)), 1 - Fraction(str(confidence))
    ranks = [k for k in range(1, count + 1) if binomial_at_least(k, count, passed) <= risk]
    if ranks:
        assert ("fpr", ranks[0]) == (provenance.method, provenance.rank)
    else:
        assert ("quantile", "fpr") == (provenance.method, provenance.requested)


def test_a_sure_rate_does_not_underflow():
    """The median of 2,000: P(no normal above it) is 2^-2000, too small for a float."""
    rank = threshold_of(np.arange(2000), "fpr", alpha=0.5).provenance.rank
    assert binomial_at_least(rank, 2000, Fraction(1, 2)) <= Fraction(5, 100)
    assert binomial_at_least(rank - 1, 2000, Fraction(1, 2)) > Fraction(5, 100)


def test_a_sure_rate_is_kept_with_its_confidence():
    """Scores are uniform, so the true rate of a threshold is one minus it."""
    draws = np.random.default_rng(5).random((800, 100))
    kept = [1 - threshold_of(scores, "fpr", alpha=0.05).value <= 0.05 for scores in draws]
    exact = 1 - float(binomial_at_least(99, 100, Fraction(95, 100)))  # rank 99 of 100
    assert 0.95 <= exact
    assert np.mean(kept) == pytest.approx(exact, abs=3 * (exact * (1 - exact) / 800) ** 0.5)


@given(score_arrays, rules)
def test_exactly_the_scores_above_the_rank_are_flagged(scores, rule):
    threshold = calibrate(scores, rule, VAL)
    provenance = threshold.provenance
    ordered = np.sort(scores)
    expected = np.count_nonzero(ordered > ordered[provenance.rank - 1])
    flagged = sum(verdict(float(score), threshold.value) == "anomalous" for score in scores)
    assert expected == flagged == provenance.calibration_false_positives
    assert flagged <= len(scores) - provenance.rank
    assert float(np.nextafter(ordered[provenance.rank - 1], np.float32(np.inf))) == threshold.value
    assert ("float32", "none") == (provenance.dtype, provenance.interpolation)


@given(score_arrays, rules, st.randoms())
def test_the_order_of_the_scores_does_not_matter(scores, rule, random):
    shuffled = list(scores)
    random.shuffle(shuffled)
    assert calibrate(scores, rule, VAL) == calibrate(np.array(shuffled), rule, VAL)


@given(arrays(np.int64, st.integers(1, 60), elements=st.integers(-100, 100)), rules)
def test_verdicts_survive_any_strictly_rising_transform(values, rule):
    scores = values / 8
    changed = np.exp(scores)
    first, second = (calibrate(these, rule, VAL) for these in (scores, changed))
    assert ((scores >= first.value) == (changed >= second.value)).all()
    assert first.provenance.rank == second.provenance.rank


@given(score_arrays, st.sampled_from(["conformal", "fpr"]), percents, percents)
def test_a_stricter_rate_never_lowers_the_threshold(scores, method, one, other):
    """Where both are followed; the quantile that is taken else knows no rate."""
    low, high = (threshold_of(scores, method, alpha=a) for a in sorted((one, other)))
    if low.provenance.method == method:
        assert method == high.provenance.method
        assert low.value >= high.value


@given(score_arrays, percents, percents)
def test_more_confidence_never_lowers_the_threshold(scores, one, other):
    low, high = (threshold_of(scores, "fpr", alpha=0.2, confidence=c) for c in sorted((one, other)))
    if high.provenance.method == "fpr":
        assert low.value <= high.value


@given(st.integers(1, 2000), percents)
def test_a_quantile_warns_exactly_where_it_is_the_maximum_unasked(count, quantile):
    provenance = threshold_of(np.arange(count), "quantile", quantile=quantile).provenance
    assert ceil(Fraction(str(quantile)) * count) == provenance.rank
    assert (provenance.rank == count) == bool(provenance.warnings)


def test_float64_scores_are_not_rounded():
    scores = 1.0 + np.arange(10) * 2.0**-50
    threshold = threshold_of(scores, "quantile", quantile=0.5)
    assert float(np.nextafter(scores[4], np.inf)) == threshold.value
    assert ("float64", 5) == (threshold.provenance.dtype, threshold.provenance.calibration_false_positives)
