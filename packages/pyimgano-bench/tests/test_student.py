from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pyimgano_bench.student import combined_degrees, critical_value, two_sided_p

DEGREES = st.one_of(st.just(inf), st.floats(1.0, 300.0))


@given(st.floats(-30.0, 30.0), DEGREES)
def test_p_values_are_those_of_scipy(t, degrees):
    expected = 2 * stats.t.sf(abs(t), degrees)
    assert pytest.approx(expected, rel=1e-6, abs=1e-9) == two_sided_p(t, degrees)


@given(st.floats(0.5, 0.999), DEGREES)
def test_critical_values_are_those_of_scipy(level, degrees):
    expected = stats.t.ppf((1 + level) / 2, degrees)
    assert pytest.approx(expected, rel=1e-6) == critical_value(level, degrees)


def test_nothing_lies_beyond_infinity():
    assert 0.0 == two_sided_p(inf, 3.0)


def test_a_variance_that_dominates_lends_its_degrees_to_the_sum():
    assert pytest.approx(4.0) == combined_degrees([(1.0, 4.0), (1e-9, 50.0)])
    assert pytest.approx(8.0) == combined_degrees([(1.0, 4.0), (1.0, 4.0)])
    assert inf == combined_degrees([(1.0, inf)])
