import io

import numpy as np
import pytest
from PIL import Image

from pyimgano_infer._overlay import draw, encode, suffix_for

GREY = np.full((12, 16, 3), 100, dtype=np.uint8)


def hot_corner():
    heat = np.zeros((12, 16), dtype=np.float32)
    heat[:6, :6] = 2.0
    return heat


def test_what_is_far_below_the_threshold_stays_as_it_is():
    picture = draw(GREY, hot_corner(), 1.0)
    assert np.array_equal(GREY[8:, 8:], picture[8:, 8:])


def test_what_reaches_the_threshold_is_red_inside_a_white_line():
    picture = draw(GREY, hot_corner(), 1.0, hot_corner() >= 1)
    red, green, blue = picture[2, 2]
    assert red > 2 * max(green, blue)
    assert [255, 255, 255] == picture[5, 3].tolist() == picture[3, 5].tolist()


def white(picture):
    return (picture == 255).all(axis=2)  # (H, W)


def test_the_white_line_runs_round_what_is_flagged_and_nothing_else():
    flagged = np.zeros((12, 16), np.bool_)
    flagged[2:7, 3:9] = True
    picture = draw(GREY, np.zeros((12, 16), np.float32), 1.0, flagged)
    inner = np.zeros_like(flagged)
    inner[3:6, 4:8] = True
    assert np.array_equal(flagged & ~inner, white(picture))


def test_what_is_not_flagged_has_no_line_however_hot_it_is():
    assert not white(draw(GREY, hot_corner(), 1.0)).any()
    assert not white(draw(GREY, hot_corner(), 1.0, np.zeros((12, 16), np.bool_))).any()


@pytest.mark.parametrize("threshold", [None, 0.0, -1.0, 5.0])
def test_any_threshold_and_none_give_a_picture(threshold):
    picture = draw(GREY, hot_corner(), threshold)
    assert (GREY.shape, np.uint8) == (picture.shape, picture.dtype)


def test_a_flat_map_changes_nothing():
    assert np.array_equal(GREY, draw(GREY, np.zeros((12, 16), dtype=np.float32), None))


@pytest.mark.parametrize(("size", "suffix"), [((10, 10), ".jpg"), ((1, 70_000), ".png")])
def test_a_picture_that_jpeg_can_t_hold_is_a_png(size, suffix):
    assert suffix == suffix_for(size)
    picture = Image.open(io.BytesIO(encode(np.zeros((*size, 3), dtype=np.uint8), suffix)))
    assert size[::-1] == picture.size


def test_a_picture_for_review_shows_where_to_look_though_nothing_reaches_the_threshold():
    faint = hot_corner() / 4  # half of the threshold: clear, as a rule
    assert np.array_equal(GREY, draw(GREY, faint, 1.0))
    picture = draw(GREY, faint, 1.0, for_review=True)
    assert (picture[:6, :6] != GREY[:6, :6]).all(axis=2).all()
    assert np.array_equal(GREY[8:, 8:], picture[8:, 8:])
    assert not white(picture).any()


def test_a_picture_for_review_that_reaches_the_threshold_is_as_any_other():
    expected = draw(GREY, hot_corner(), 1.0)
    assert np.array_equal(expected, draw(GREY, hot_corner(), 1.0, for_review=True))
