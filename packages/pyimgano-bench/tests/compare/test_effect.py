from itertools import permutations
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_bench.compare._effect import Effect, holm, over_categories

SHARES = st.floats(0, 1)
SEEDS = st.lists(SHARES, min_size=2, max_size=5).map(tuple)


def effect_of(ours, theirs, variance=0.0, *, paired=False, least=0.0):
    return Effect(
        contender=tuple(ours),
        baseline=tuple(theirs),
        paired=paired,
        image_variance=variance,
        least_variance=least,
    )


def test_without_images_it_is_welchs_test():
    """The p-value is that of scipy.stats.ttest_ind with equal_var=False."""
    effect = effect_of((0.90, 0.92, 0.91), (0.95, 0.96, 0.97, 0.94))
    assert effect.difference == pytest.approx(-0.045)
    assert effect.error == pytest.approx(sqrt(0.0001 / 3 + 0.000166666667 / 4))
    assert effect.p_value() == effect.seed_p_value()
    assert effect.p_value() == pytest.approx(0.0035620634)


def test_seeds_with_images_of_their_own_are_compared_with_themselves():
    """Every seed loses .02, though seeds differ by far more."""
    effect = effect_of((0.60, 0.71, 0.80), (0.62, 0.73, 0.83), paired=True)
    apart = effect_of((0.60, 0.71, 0.80), (0.62, 0.73, 0.83))
    assert effect.seed_p_value() < 0.05 < apart.seed_p_value()


def test_the_images_widen_the_interval_but_do_not_touch_what_seeds_say():
    sure, unsure = (effect_of((0.9, 0.91), (0.95, 0.96), variance) for variance in (0.0, 0.01))
    assert unsure.interval(0.95)[1] > 0.0 > sure.interval(0.8)[1]
    assert unsure.seed_p_value() == sure.seed_p_value()
    assert unsure.p_value() > sure.p_value()


def test_a_variance_below_the_least_counts_as_that():
    low, least, high = (
        effect_of((0.9, 0.9), (0.9, 0.9), value, least=0.01).error for value in (-0.5, 0.0, 0.04)
    )
    assert (0.1, 0.1, 0.2) == pytest.approx((low, least, high))


def test_seeds_that_all_agree_leave_no_doubt_about_these_images():
    effect = effect_of((0.9, 0.9), (0.95, 0.95), 0.01)
    assert 0.0 == effect.seed_p_value()
    assert effect.p_value() > 0.5
    assert 1.0 == effect_of((0.9, 0.9), (0.9, 0.9)).p_value()


@given(SEEDS, SEEDS, st.floats(0, 0.1))
def test_the_sides_are_treated_alike(ours, theirs, variance):
    one, other = effect_of(ours, theirs, variance), effect_of(theirs, ours, variance)
    assert one.p_value() == pytest.approx(other.p_value())
    low, high = one.interval(0.95)
    assert (-high, -low) == pytest.approx(other.interval(0.95))


@given(SEEDS, SEEDS, st.floats(1e-4, 0.1), st.floats(0.5, 0.99))
def test_zero_is_outside_of_the_interval_where_the_p_value_says_so(ours, theirs, variance, level):
    effect = effect_of(ours, theirs, variance)
    low, high = effect.interval(level)
    if abs(effect.p_value() - (1 - level)) > 1e-6:
        assert (effect.p_value() < 1 - level) == (low > 0 or high < 0)


def test_the_mean_is_over_categories_and_seeds_run_through_all_of_them():
    """One seed is bad in both categories, so the mean is as uncertain as each."""
    effects = [effect_of((0.9, 0.8), (1.0, 1.0), 0.02), effect_of((0.7, 0.6), (1.0, 1.0), 0.04)]
    mean = over_categories(effects)
    assert mean.contender == pytest.approx((0.8, 0.7))
    assert mean.image_variance == pytest.approx(0.06 / 4)
    assert mean.error**2 == pytest.approx(0.015 + 0.005 / 2)


@given(st.lists(SHARES, min_size=1, max_size=6))
def test_holm_is_the_step_down_procedure(p_values):
    """Each level of rejection found by walking down the sorted p-values."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for alpha in (0.01, 0.05, 0.3, 0.9):
        rejected = set()
        for rank, index in enumerate(order):
            if p_values[index] * (len(p_values) - rank) > alpha:
                break
            rejected.add(index)
        assert rejected == {index for index, p_value in enumerate(holm(p_values)) if p_value <= alpha}


def test_holm_keeps_the_order_it_is_given():
    adjusted = dict(zip((0.01, 0.04, 0.03), (0.03, 0.06, 0.06), strict=True))
    for p_values in permutations(adjusted):
        assert holm(p_values) == pytest.approx([adjusted[p_value] for p_value in p_values])
