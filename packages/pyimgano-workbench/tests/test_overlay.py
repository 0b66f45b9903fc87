import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pyimgano_workbench.overlay import SIDE, Marks, Scale, colour, draw, pooled, small_size

SCALE = Scale(low=0.0, high=1.0)


def panels(image, anomaly_map, flagged, **others):
    """The two panels of a drawn picture, each (h, w, 3)."""
    picture = np.array(
        Image.open(io.BytesIO(draw(image, anomaly_map, Marks(flagged=flagged, **others), SCALE)))
    )
    width = flagged.shape[1]
    return picture[:, :width].astype(int), picture[:, -width:].astype(int)


def grey(height, width, level=128):
    return np.full((height, width, 3), level, np.uint8)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_longer_side_of_a_panel_is_always_the_same(height, width):
    size = small_size(height, width)
    assert max(size) == SIDE
    assert min(size) >= 1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.randoms())
def test_a_single_hot_pixel_is_never_lost_and_nothing_gets_hotter(height, width, rows, columns, random):
    values = np.zeros((height, width), np.float32)
    values[random.randrange(height), random.randrange(width)] = 1.0
    small = pooled(values, (rows, columns))
    assert (rows, columns) == small.shape
    assert set(np.unique(small)) <= {0.0, 1.0}
    if rows <= height and columns <= width:
        assert 1 == np.count_nonzero(small)


def test_where_the_map_is_clear_the_image_is_as_it_was():
    left, right = panels(grey(40, 320), np.zeros((40, 320), np.float32), np.zeros((40, 320), np.bool_))
    assert np.abs(left - 128).max() <= 2
    assert np.abs(right - 128).max() <= 2


def test_only_the_right_panel_is_coloured():
    hot = np.ones((40, 320), np.float32)
    left, right = panels(grey(40, 320), hot, np.zeros((40, 320), np.bool_))
    assert np.abs(left - 128).max() <= 2
    expected = 0.25 * 128 + 0.75 * np.array(colour(1.0))
    assert np.abs(right[20, 160] - expected).max() <= 4


def test_what_is_flagged_has_a_white_line_within_and_a_black_one_around():
    flagged = np.zeros((80, 320), np.bool_)
    flagged[20:60, 100:140] = True
    _, right = panels(grey(80, 320), np.zeros((80, 320), np.float32), flagged)
    assert right[20, 105:135].mean() > 200
    assert right[19, 105:135].mean() < 60
    assert 100 < right[40, 110:130].mean() < 150


def test_the_mask_is_outlined_in_blue_in_both_panels():
    mask = np.zeros((40, 160), np.bool_)
    mask[10:30, 40:80] = True
    for panel in panels(
        grey(40, 160), np.zeros((80, 320), np.float32), np.zeros((80, 320), np.bool_), mask=mask
    ):
        red, green, blue = panel[19, 100:140].mean(axis=0)
        assert blue > red + 80
        assert green > red + 60


def test_what_is_looked_at_is_outlined_in_green_in_both_panels_and_the_frame_of_the_image_is_not():
    inside = np.zeros((80, 320), np.bool_)
    inside[20:, 80:] = True
    clear = np.zeros((80, 320), np.float32)
    for panel in panels(grey(40, 160), clear, clear > 0, inside=inside):
        red, green, blue = panel[20, 100:300].mean(axis=0)
        assert min(green - red, green - blue) > 60
        assert np.abs(panel[79, 100:300].mean(axis=0) - 128).max() < 10


def test_the_colours_rise_in_lightness_so_that_their_order_survives_a_grey_print():
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(colour, np.linspace(0, 1, 60))]
    assert light == sorted(light)
    assert light[-1] - light[0] > 200


def test_a_picture_of_noise_stays_small():
    noise = np.random.default_rng(0).integers(0, 256, (320, 320, 3), dtype=np.uint8)
    small = np.zeros((320, 320), np.float32)
    assert len(draw(noise, small, Marks(flagged=small > 0), SCALE)) <= 36_000


@pytest.mark.parametrize(("value", "place"), [(1.0, 0.0), (2.0, 0.0), (3.0, 0.5), (9.0, 1.0)])
def test_a_value_has_its_place_on_the_scale(value, place):
    assert place == Scale(low=2.0, high=4.0).place(value)
