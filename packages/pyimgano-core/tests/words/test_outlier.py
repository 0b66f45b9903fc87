import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.report import DecidingImage
from pyimgano_core.words import deciding_in_words, outlier_in_words


def named(scores):
    return [(f"{index}.png", float(score)) for index, score in enumerate(scores)]


def is_told(scores):
    return outlier_in_words(named(scores)) is not None


def test_an_image_far_above_the_rest_is_named():
    text = outlier_in_words(named([*np.linspace(1.0, 2.0, 20), 9.0]))
    assert text.startswith("calibration image '20.png' scores 9, far above the others (up to 2), and so")
    assert text.endswith("look at it, and mend its label if it is not normal")


def test_far_is_a_gap_of_one_in_a_hundred_for_exponential_tails():
    others = [0.0, 0.0, 0.0, 1.0, 2.0]  # of 6, 3 spacings: 1 + 2 above the base, and 2 for the highest
    gap = (0.01 ** (-1 / 3) - 1) * 5.0
    assert not is_told([*others, 2.0 + gap - 1e-6])
    assert is_told([*others, 2.0 + gap + 1e-6])


@pytest.mark.parametrize("count", [3, 4, 9, 20, 101])
def test_few_remarks_are_false_at_every_number_of_images(count):
    rng = np.random.default_rng(count)
    rounds = 2000
    exponential = sum(is_told(scores) for scores in rng.exponential(size=(rounds, count)))
    normal = sum(is_told(scores) for scores in rng.normal(size=(rounds, count)))
    assert exponential == pytest.approx(0.01 * rounds, abs=18)  # 4 standard deviations
    assert normal < 0.01 * rounds


def test_two_images_have_no_usual_distance():
    assert not is_told([0.0, 1000.0])
    assert is_told([0.0, 1.0, 1000.0])


def test_scores_that_are_all_equal_have_none():
    assert not is_told([1.0] * 20)
    assert not is_told([1.0] * 20 + [2.0])


@given(st.permutations(range(12)), st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_order_scale_and_shift_of_the_scores_do_not_matter(order, scale, shift):
    for highest in (14.0, 90.0):
        scores = np.array([*range(11), highest])
        expected = highest == 90.0
        assert expected == is_told((scores * scale + shift)[list(order)])


def test_the_image_that_decides_is_told_with_its_price_and_not_as_one_to_take_out():
    found = DecidingImage(
        input="odd.png",
        score=5.0,
        next_score=1.625,
        missed_count=24,
        found_without=20,
        false_alarms_without=2,
    )
    expected = (
        "calibration image 'odd.png' alone sets the threshold: it scores 5, the next highest 1.625; without "
        "it, 20 of the 24 missed defects would be found, and 2 more normal test images flagged. Look at it: "
        "if it is not normal, mend its label; if it is, keep it, however odd (taking hard normal images out "
        "betters the numbers, not the model), and add more calibration images"
    )
    assert expected == deciding_in_words(found)
