import pytest

from pyimgano_bench.fewshot._summary import summarize


def test_the_mean_is_over_categories_first_and_the_spread_over_draws(row_of):
    values = {("bolt", 0): 0.9, ("nut", 0): 0.7, ("bolt", 1): 1.0, ("nut", 1): 0.8}
    rows = [row_of(category=name, draw=draw, image_auroc=value) for (name, draw), value in values.items()]
    (point,) = summarize(rows)
    spread = point.metrics["image_auroc"]
    assert pytest.approx((0.85, 0.8, 0.9)) == (spread.mean, spread.low, spread.high)
    assert pytest.approx(0.1 / 2**0.5) == spread.std
    assert (("bolt", "nut"), 2) == (point.categories, point.draw_count)


def test_one_draw_has_no_spread(row_of):
    (point,) = summarize([row_of()])
    assert (0.9, None) == (point.metrics["image_auroc"].mean, point.metrics["image_auroc"].std)


def test_draws_of_several_seeds_are_draws_of_their_own(row_of):
    rows = [row_of(seed=seed, draw=draw) for seed in (0, 1) for draw in (0, 1, 2)]
    assert [6] == [point.draw_count for point in summarize(rows)]


def test_rates_are_pooled(row_of):
    (point,) = summarize([row_of(), row_of(draw=1, false_alarms=5, normal_count=30, misses=0)])
    assert (6 / 40, 3 / 40) == (point.false_alarm_rate, point.miss_rate)


def test_without_a_threshold_there_is_no_rate(row_of):
    (point,) = summarize([row_of(), row_of(draw=1, false_alarms=None, normal_count=None)])
    assert (None, 6 / 40) == (point.false_alarm_rate, point.miss_rate)


def test_what_is_undefined_in_one_row_is_undefined(row_of):
    (point,) = summarize([row_of(), row_of(category="nut", aupro=None)])
    assert point.metrics["aupro"] is None
    assert 0.9 == point.metrics["image_auroc"].mean


def test_counts_stand_apart_and_a_category_may_be_too_small_for_one(row_of):
    rows = [row_of(category=name, count=count) for count in (1, 2) for name in ("bolt", "nut")]
    assert [(1, ("bolt", "nut")), (2, ("bolt",))] == [
        (point.count, point.categories) for point in summarize(rows[:-1])
    ]


def test_a_category_that_lacks_a_draw_of_one_detector_counts_for_none(row_of):
    rows = [row_of(detector=name, category=own) for name in "ab" for own in ("bolt", "nut")]
    assert [("bolt",), ("bolt",)] == [point.categories for point in summarize(rows[:-1])]
    draws = [row_of(draw=draw, category=own) for draw in (0, 1) for own in ("bolt", "nut")]
    assert [("bolt",)] == [point.categories for point in summarize(draws[:-1])]


def test_where_no_category_is_complete_everything_is_undefined(row_of):
    first, second = summarize([row_of(), row_of(detector="b", category="nut")])
    assert ((), 0, None, None) == (first.categories, first.draw_count, first.miss_rate, second.miss_rate)
    assert {None} == {*first.metrics.values(), *second.metrics.values()}
