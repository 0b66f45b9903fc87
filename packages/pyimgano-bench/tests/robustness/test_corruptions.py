import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_bench.robustness._corruptions import CORRUPTIONS, SEVERITIES, corrupt

KINDS = list(CORRUPTIONS)


def texture(height=96, width=120, *, channels=3):
    """Smooth structure under fine noise, neither black nor white."""
    rows, columns = np.mgrid[:height, :width]
    waves = 120 + 50 * np.sin(rows / 7) * np.cos(columns / 9)
    noise = np.random.default_rng(3).normal(0, 4, (height, width, channels))
    return (waves[:, :, None] + noise).clip(20, 230).astype(np.uint8)


def change(image, kind, severity, **names):
    disturbed = corrupt(image, kind, severity, **{"name": "a.png", "seed": 0, **names})
    return float(np.abs(disturbed.astype(float) - image).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_no_severity_changes_less_than_the_one_below(kind):
    image = texture()
    changes = [change(image, kind, severity) for severity in SEVERITIES]
    assert sorted(changes) == changes
    assert 0 < changes[0] < 8  # of 255: hardly to be seen
    assert 2 < changes[-1] < 100


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_stays_an_image_and_is_not_changed_in_place(kind):
    image = texture()
    kept = image.copy()
    disturbed = corrupt(image, kind, 5, name="a.png", seed=0)
    assert (image.shape, np.uint8) == (disturbed.shape, disturbed.dtype)
    np.testing.assert_array_equal(kept, image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (17, 2)])
@pytest.mark.parametrize("severity", [1, 5])
def test_any_size_can_be_disturbed(kind, size, severity):
    image = np.full((*size, 3), 128, np.uint8)
    assert image.shape == corrupt(image, kind, severity, name="a.png", seed=0).shape


@pytest.mark.parametrize("kind", KINDS)
def test_black_and_white_do_not_wrap_around(kind):
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 20:] = 255
    disturbed = corrupt(image, kind, 5, name="a.png", seed=0).astype(int)
    assert disturbed[:, 30:].mean() > disturbed[:, :10].mean()


@settings(max_examples=50)
@given(st.sampled_from(KINDS), st.sampled_from(SEVERITIES), st.text(max_size=8), st.integers(0, 2**32))
def test_name_and_seed_decide_over_what_is_random(kind, severity, name, seed):
    image = texture(24, 30)
    first, again = (corrupt(image, kind, severity, name=name, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("kind", ["glare", "motion", "gaussian_noise", "shot_noise", "shift"])
@pytest.mark.parametrize("other", [{"seed": 1}, {"name": "d.png"}])
def test_another_image_and_another_seed_draw_anew(kind, other):
    image = texture()
    first = corrupt(image, kind, 5, name="a.png", seed=0)
    assert not np.array_equal(first, corrupt(image, kind, 5, **{"name": "a.png", "seed": 0, **other}))


def test_a_rotation_goes_to_either_side():
    image = texture(24, 30)
    found = {corrupt(image, "rotation", 5, name=str(index), seed=0).tobytes() for index in range(12)}
    assert 2 == len(found)


def test_a_name_need_not_be_text():
    image = texture(8, 8)
    assert image.shape == corrupt(image, "shift", 1, name="\udcff.png", seed=0).shape


@pytest.mark.parametrize("kind", ["defocus", "motion"])
def test_a_severity_means_the_same_at_any_resolution(kind):
    """A blurred edge takes the same share of an image of twice the size."""

    def width(size):
        image = np.zeros((size, size, 3), np.uint8)
        image[:, size // 2 :] = 255
        image[size // 2 :] = 255 - image[size // 2 :]  # edges in both directions
        disturbed = corrupt(image, kind, 5, name="a.png", seed=0)
        return float(((disturbed > 25) & (disturbed < 230)).mean())

    assert pytest.approx(width(800), rel=0.15) == width(400)


def test_lighting_does_what_it_says():
    image = np.full((4, 4, 3), 100, np.uint8)

    def colour(kind, severity):
        return corrupt(image, kind, severity, name="a.png", seed=0)[0, 0].tolist()

    assert [50, 50, 50] == colour("darker", 5)
    assert [160, 160, 160] == colour("brighter", 5)
    assert [115, 115, 115] == colour("contrast", 5)  # 127.5 - 0.45 * 27.5
    assert [115, 100, 85] == colour("warmer", 5)
    assert [85, 100, 115] == colour("colder", 5)


@pytest.mark.parametrize(("kind", "sigma"), [("gaussian_noise", 16.0), ("shot_noise", 12.5)])
def test_noise_is_as_strong_as_it_says(kind, sigma):
    image = np.full((200, 200, 3), 123, np.uint8)
    noise = corrupt(image, kind, 5, name="a.png", seed=0).astype(float) - 123
    assert pytest.approx(0, abs=0.3) == noise.mean()
    # Of 200 electrons at white, 96.5 are counted on average, and one is worth 255 / 200.
    assert pytest.approx(sigma, rel=0.03) == noise.std()


def test_glare_is_one_spot_that_only_adds_light():
    image = texture()
    added = corrupt(image, "glare", 5, name="a.png", seed=0).astype(int) - image
    assert added.min() >= 0
    assert added.max() > 60
    assert 0.1 < (added > 10).mean() < 0.6


def test_a_shift_moves_by_whole_pixels_as_far_as_it_says():
    image = texture(100, 140)
    disturbed = corrupt(image, "shift", 5, name="a.png", seed=0)
    found = [
        (dy, dx)
        for dy in range(-6, 7)
        for dx in range(-6, 7)
        if np.array_equal(disturbed[10:90, 10:130], image[10 + dy : 90 + dy, 10 + dx : 130 + dx])
    ]
    assert 1 == len(found)
    assert 4 <= np.hypot(*found[0]) <= 6  # 5 of 100, rounded each way


def test_a_rotation_keeps_the_centre_and_fills_the_corners():
    image = np.full((101, 141, 3), 200, np.uint8)
    image[45:56, 65:76] = 40
    disturbed = corrupt(image, "rotation", 5, name="a.png", seed=0)
    assert disturbed[50, 70].tolist() == [40, 40, 40]
    assert disturbed[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [[200, 200, 200]] * 4
