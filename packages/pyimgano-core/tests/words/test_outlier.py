import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.words import outlier_in_words


def named(scores):
    return [(f"{index}.png", float(score)) for index, score in enumerate(scores)]


def test_an_image_far_above_the_rest_is_named():
    text = outlier_in_words(named([*np.linspace(1.0, 2.0, 20), 9.0]))
    assert text.startswith(
        "calibration image '20.png' scores 9, far above the others (95 % of them up to 1.9"
    )


def test_far_is_three_times_the_spread_of_the_others_above_it():
    others = np.linspace(0.0, 1.0, 101)  # median 0.5, 95 % up to 0.95: far begins at 0.95 + 3 * 0.45
    assert outlier_in_words(named([*others, 2.2999])) is None
    assert outlier_in_words(named([*others, 2.3001])) is not None


def test_few_images_have_no_rest_to_be_far_from():
    assert outlier_in_words(named([*range(7), 1000.0])) is None
    assert outlier_in_words(named([*range(8), 1000.0])) is not None


def test_scores_that_are_all_equal_have_none():
    assert outlier_in_words(named([1.0] * 20)) is None


@given(st.permutations(range(12)), st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_order_scale_and_shift_of_the_scores_do_not_matter(order, scale, shift):
    for highest in (14.0, 60.0):
        scores = np.array([*range(11), highest])
        expected = highest == 60.0
        assert expected == (outlier_in_words(named((scores * scale + shift)[list(order)])) is not None)
