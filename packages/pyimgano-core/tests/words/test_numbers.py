import pytest

from pyimgano_core.contracts.metric import Interval
from pyimgano_core.contracts.report import ReviewCounts
from pyimgano_core.metrics import observed_rate
from pyimgano_core.words import (
    agree,
    count_of,
    counted,
    images_in_words,
    interval,
    number,
    number_of,
    percent,
    reviewed,
    share,
    share_interval,
    with_interval,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.01, "1 %"), (0.001, "0.1 %"), (1 / 42, "2.38 %"), (0.95, "95 %"), (1.0, "100 %")],
)
def test_a_share_keeps_three_digits(value, expected):
    assert expected == percent(value)


def test_what_is_undefined_is_a_dash():
    nothing = observed_rate(0, 0)
    undefined = Interval(level=0.95, reason="too_few_images")
    assert {"-"} == {
        number(None),
        interval(None),
        interval(undefined),
        share(nothing),
        share_interval(nothing.interval),
    }


def test_a_rate_is_told_by_count_share_and_interval():
    rate = observed_rate(0, 40)
    assert ("0 of 40", "0.0 %", "0.0 to 8.8 %") == (
        count_of(rate),
        share(rate),
        share_interval(rate.interval),
    )


def test_an_interval_has_the_digits_of_its_metric():
    assert "0.9710 to 1.0000" == interval(Interval(low=0.971, high=1.0, level=0.95))


def test_an_interval_without_width_is_not_taken_for_certainty():
    for low in (1.0, 0.9999999999999858):  # the same, but for the order of a sum
        assert "-" == interval(Interval(low=low, high=1.0, level=0.95))
        assert "1.0000" == with_interval(1.0, low, 1.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((0.986, 0.9513, 1.0), "0.9860 [.951, 1.000]"),
        ((0.986, 0.9513, None), "0.9860"),
        ((None, 0.9, 1.0), "-"),
    ],
)
def test_a_metric_stands_with_its_interval_in_a_narrow_column(found, expected):
    assert expected == with_interval(*found)


def test_a_narrow_count_and_a_review_band_name_their_totals():
    counts = ReviewCounts(normal=observed_rate(10, 14), anomalous=observed_rate(32, 40))
    assert ("10/14", "10/14 + 32/40") == (counted(counts.normal), reviewed(counts))
    assert ("-", "-") == (counted(None), reviewed(None))


def test_one_image_is_not_many():
    assert ["0 images", "1 image", "2 images"] == [images_in_words(count) for count in range(3)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 masks, 0 images have, are"), (1, "1 mask, 1 image has, is"), (2, "2 masks, 2 images have, are")],
)
def test_one_is_said_otherwise_than_none_and_several(count, expected):
    said = number_of(count, "mask"), number_of(count, "image has", "images have"), agree(count, "is", "are")
    assert expected == ", ".join(said)
