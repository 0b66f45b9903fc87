import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from pyimgano_core.metrics import clopper_pearson, observed_rate


@given(st.integers(1, 5000), st.data(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_limits_equal_the_quantiles_of_the_beta_distribution(trials, data, level):
    successes = data.draw(st.integers(0, trials))
    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, trials - successes + 1) if successes else 0.0
    high = beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    actual = clopper_pearson(successes, trials, level=level)
    assert (low, high) == pytest.approx((actual.low, actual.high), abs=1e-9)


def test_none_of_n_is_bounded_by_the_rule_of_three():
    assert pytest.approx(3 / 1000, rel=0.01) == clopper_pearson(0, 1000, level=0.90).high


def test_no_trials_give_no_interval_and_a_reason():
    actual = clopper_pearson(0, 0)
    assert (None, None, "no_trials") == (actual.low, actual.high, actual.reason)


@pytest.mark.parametrize(
    ("successes", "trials", "level"),
    [(3, 2, 0.9), (-1, 2, 0.9), (1.5, 3, 0.9), (1, 3.0, 0.9), (1, 2, 1.0), (1, 2, 0.0)],
)
def test_impossible_numbers_are_refused(successes, trials, level):
    for function in (clopper_pearson, observed_rate):
        with pytest.raises(ValueError, match=r"count|level"):
            function(successes, trials, level=level)


def test_counts_may_be_of_any_integer_type():
    assert clopper_pearson(1, 3) == clopper_pearson(np.int64(1), np.uint8(3))
