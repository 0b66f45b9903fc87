import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pyimgano_workbench.drift import find_drift, mann_kendall, theil_sen

PAIRS = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=40)


def lines_of(scores, *, moments=None, stamps=None, groups=None, y_true=0):
    moments = list(range(len(scores))) if moments is None else moments
    stamps = moments if stamps is None else stamps
    groups = [None] * len(scores) if groups is None else groups
    return [
        {"score": score, "moment": moment, "timestamp": stamp, "group_id": group, "y_true": y_true}
        for score, moment, stamp, group in zip(scores, moments, stamps, groups, strict=True)
    ]


@given(PAIRS)
def test_the_test_is_that_of_scipy(pairs):
    x, y = np.array(pairs, np.float64).T
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert (0.0, 1.0) == mann_kendall(x, y)
    else:
        expected = stats.kendalltau(x, y, method="asymptotic")
        assert mann_kendall(x, y) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


@given(PAIRS.filter(lambda pairs: len({x for x, _ in pairs}) > 1))
def test_the_slope_is_that_of_scipy(pairs):
    x, y = np.array(pairs, np.float64).T
    assert theil_sen(x, y)[0] == pytest.approx(stats.theilslopes(y, x).slope, abs=1e-9)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 2e9))
def test_a_line_is_found_wherever_its_moments_begin(slope, level, begin):
    moments = np.arange(20.0)
    found, at_zero = theil_sen(begin + moments, level + slope * moments)
    assert found == pytest.approx(slope, abs=1e-6)
    assert at_zero + found * begin == pytest.approx(level, abs=1e-4)


def test_scores_that_rise_are_told_with_their_ends():
    drift = find_drift(lines_of([1.0, 2.0, 3.0]), lines_of(list(np.arange(4.0, 14.0)), moments=range(3, 13)))
    assert 13 == len(drift.scores)
    assert (1.0, 13.0) == pytest.approx((drift.at_first, drift.at_last))
    assert 1.0 == drift.tau
    assert drift.p_value < 1e-5
    assert ("0", "12") == (drift.first, drift.last)
    assert [True] * 3 + [False] * 10 == drift.calibrated.tolist()


def test_the_order_is_that_of_time_and_not_of_the_lines():
    drift = find_drift([], lines_of([float(n) for n in range(12)], moments=list(range(12))[::-1]))
    assert -1.0 == drift.tau


@pytest.mark.parametrize(
    "lines",
    [
        lines_of([1.0] * 9),
        lines_of([1.0] * 20, moments=[None] * 20),
        lines_of([None] * 20),
        lines_of([1.0] * 20, y_true=1),
        lines_of([1.0] * 20, moments=[0, 1] * 10),
    ],
    ids=["few", "no timestamps", "no scores", "anomalous", "hardly any moments"],
)
def test_too_few_normals_with_a_timestamp_tell_nothing(lines):
    assert find_drift([], lines) is None


def test_text_and_numbers_do_not_compare_so_the_more_frequent_count():
    texts = lines_of([1.0] * 12, stamps=["2026-01-01"] * 12)
    drift = find_drift(lines_of([1.0] * 5), texts)
    assert (12, 5, "2026-01-01") == (len(drift.scores), drift.left_out, drift.first)


def test_images_of_one_group_are_told():
    told = [
        find_drift([], lines_of([1.0] * 12, groups=groups)).grouped
        for groups in ([None] * 12, [str(n) for n in range(12)], ["a", "a"] + [None] * 10)
    ]
    assert [False, False, True] == told


def test_of_very_many_images_some_are_taken_evenly():
    drift = find_drift([], lines_of([float(n) for n in range(2500)]))
    assert 834 == len(drift.scores)
    assert 2500 - 834 == drift.left_out
    assert {3.0} == set(np.diff(drift.moments))
