import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.metrics._sketch_curves import logarithmic_gain

LIMITS = (0.01, 0.2)


def gain_at(rate):
    low, high = LIMITS
    return np.clip(np.log(high / np.maximum(rate, 1e-300)) / np.log(high / low), 0, 1)


@given(st.lists(st.sampled_from([0.0, 0.003, 0.01, 0.04, 0.1, 0.5]), min_size=1, max_size=6))
def test_a_bin_of_several_scores_gains_the_mean_over_its_rates(steps):
    rate = np.array([steps])
    actual = logarithmic_gain(rate, LIMITS, np.zeros(len(steps), bool))[0]
    ends = np.cumsum(steps)
    middles = (np.arange(20_000) + 0.5) / 20_000
    expected = [gain_at(end - step + step * middles).mean() for end, step in zip(ends, steps, strict=True)]
    assert expected[: len(actual)] == pytest.approx(actual.tolist(), abs=1e-4)
    assert all(value == pytest.approx(0.0, abs=1e-9) for value in expected[len(actual) :])


def test_a_bin_of_one_score_gains_what_its_rate_does():
    rate = np.array([[0.0, 0.005, 0.045, 0.05, 0.5]])
    actual = logarithmic_gain(rate, LIMITS, np.ones(5, bool))[0]
    assert gain_at(rate.cumsum()).tolist() == pytest.approx(actual.tolist(), abs=1e-12)


def test_without_normal_images_the_gain_is_undefined():
    assert np.isnan(logarithmic_gain(np.full((1, 3), np.nan), LIMITS, np.zeros(3, bool))).any()
