import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.images import resize_map
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.scoring.files import ScoredImage, score_file, score_files, score_pixels

PREPROCESSING = Preprocessing(resize=(8, 8))


@pytest.fixture
def grey_file(tmp_path):
    """Return a function that writes a grey image of 20 rows and 30 columns."""

    def write(value, name="grey.png", dtype=np.uint8):
        path = tmp_path / name
        Image.fromarray(np.full((20, 30), value, dtype)).save(path)
        return path

    return write


def test_a_file_gets_a_score_and_a_map_of_its_own_size(scorer, grey_file):
    result = score_file(grey_file(51), scorer=scorer, preprocessing=PREPROCESSING)
    assert isinstance(result, ScoredImage)
    assert pytest.approx(0.2) == result.score
    assert (20, 30) == result.size == result.anomaly_map.shape
    assert np.float32 == result.anomaly_map.dtype
    np.testing.assert_allclose(result.anomaly_map, 0.2, rtol=1e-6)


def test_a_map_stands_where_the_image_has_its_mark(scorer, tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[30:40, 0:10] = 255
    Image.fromarray(pixels).save(tmp_path / "mark.png")
    result = score_file(tmp_path / "mark.png", scorer=scorer, preprocessing=PREPROCESSING)
    row, column = np.unravel_index(result.anomaly_map.argmax(), result.anomaly_map.shape)
    assert row >= 30
    assert column < 10


def test_the_range_of_16_bit_values_is_applied(scorer, grey_file):
    path = grey_file(4095, dtype=np.uint16)
    twelve_bits = Preprocessing(resize=(8, 8), sixteen_bit_range=(0, 4095))
    assert pytest.approx(1) == score_file(path, scorer=scorer, preprocessing=twelve_bits).score


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "not_found"), (b"no image", "unidentified"), ("torn", "truncated")],
    ids=["missing", "text", "torn"],
)
def test_what_is_wrong_with_a_file_is_data(scorer, grey_file, content, code):
    path = grey_file(9)
    whole = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(whole[:-30] if content == "torn" else content)
    result = score_file(path, scorer=scorer, preprocessing=PREPROCESSING)
    assert isinstance(result, Failure)
    assert code == result.code
    assert str(path) in result.message


def test_a_score_that_is_no_number_is_data(nan_scorer, grey_file):
    path = grey_file(0)
    result = score_file(path, scorer=nan_scorer, preprocessing=PREPROCESSING)
    message = f"{path}: the model gives a score or map that is not a finite number"
    assert Failure(code="non_finite_score", message=message) == result


@pytest.mark.parametrize("workers", [1, 3])
def test_files_keep_their_order_and_one_bad_file_costs_no_other(scorer, grey_file, workers):
    paths = [grey_file(value, f"{value}.png") for value in range(0, 250, 10)]
    paths[7].unlink()
    results = list(score_files(paths, scorer=scorer, preprocessing=PREPROCESSING, workers=workers))
    assert "not_found" == results.pop(7).code
    expected = [value / 255 for value in range(0, 250, 10) if value != 70]
    assert pytest.approx(expected) == [result.score for result in results]


@pytest.fixture
def noise_file(tmp_path):
    """Return a function that writes noise of a size, changed by another, and its name."""

    def write(size, change=None, name="noise.png"):
        pixels = np.random.default_rng(4).integers(0, 200, (*size, 3), dtype=np.uint8)
        if change is not None:
            change(pixels)
        Image.fromarray(pixels).save(tmp_path / name)
        return tmp_path / name

    return write


def grey_of_file(path):
    with Image.open(path) as image:
        return np.asarray(image).mean(axis=2) / 255


@pytest.mark.parametrize("size", [(8, 8), (20, 30), (9, 100), (5, 30), (3, 4), (1, 1), (16, 7)])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.8])
def test_tiles_give_every_pixel_of_an_image_of_any_size_its_own_score(scorer, noise_file, size, overlap):
    path = noise_file(size)
    tiled = Preprocessing(resize=(8, 8), tiling=Tiling(overlap=overlap))
    result = score_file(path, scorer=scorer, preprocessing=tiled)
    expected = grey_of_file(path)
    assert size == result.size
    np.testing.assert_allclose(result.anomaly_map, expected, rtol=1e-5)  # its map is the grey
    assert pytest.approx(expected.max()) == result.score


def test_a_small_mark_keeps_its_score_in_tiles_and_loses_it_resized(scorer, noise_file):
    def mark(pixels):
        pixels[41:43, 77:79] = 255

    path = noise_file((80, 120), mark)
    tiled = Preprocessing(resize=(8, 8), tiling=Tiling())
    assert pytest.approx(1.0) == score_file(path, scorer=scorer, preprocessing=tiled).score
    assert 0.7 > score_file(path, scorer=scorer, preprocessing=PREPROCESSING).score


def test_a_scale_shrinks_the_image_before_it_is_cut(scorer, noise_file):
    path = noise_file((40, 60))
    halved = Preprocessing(resize=(8, 8), tiling=Tiling(scale=0.5))
    result = score_file(path, scorer=scorer, preprocessing=halved)
    with Image.open(path) as image:
        small = np.asarray(image.resize((30, 20), Image.Resampling.BILINEAR)).mean(axis=2) / 255
    assert (40, 60) == result.size
    assert pytest.approx(small.max()) == result.score
    np.testing.assert_allclose(small, resize_map(result.anomaly_map, (20, 30)), atol=0.2)


@pytest.mark.parametrize(
    ("tiling", "size"),
    [
        (None, (8, 8)),
        (Tiling(overlap=0.5), (20, 30)),
        (Tiling(scale=0.5), (10, 15)),
        (Tiling(scale=0.1), (2, 3)),
    ],
    ids=["resized", "tiled", "scaled", "smaller than a tile"],
)
def test_the_working_map_is_that_of_all_tiles_before_it_is_enlarged(scorer, noise_file, tiling, size):
    preprocessing = Preprocessing(resize=(8, 8), tiling=tiling)
    result = score_file(noise_file((20, 30)), scorer=scorer, preprocessing=preprocessing)
    assert size == result.working_map.shape
    assert pytest.approx(result.score) == result.working_map.max()
    assert np.array_equal(result.anomaly_map, resize_map(result.working_map, (20, 30)))


def test_a_map_that_was_never_enlarged_is_its_own_working_map():
    values = np.eye(4, dtype=np.float32)
    assert np.array_equal(values, ScoredImage(score=1.0, anomaly_map=values).working_map)


INTEREST = np.zeros((10, 15), np.bool_)
INTEREST[2:6, 3:9] = True  # at twice the size: rows 4 to 11, columns 6 to 17
EITHER = [PREPROCESSING, *(Preprocessing(resize=(8, 8), tiling=Tiling(scale=s)) for s in (1.0, 0.6))]


@pytest.mark.parametrize("preprocessing", EITHER, ids=["resized", "tiled", "scaled"])
def test_nothing_outside_the_region_of_interest_changes_score_or_map(scorer, noise_file, preprocessing):
    def change(pixels):
        inside = pixels[4:12, 6:18].copy()
        pixels[:] = 255
        pixels[4:12, 6:18] = inside

    options = {"scorer": scorer, "preprocessing": preprocessing, "interest": INTEREST}
    expected = score_file(noise_file((20, 30)), **options)
    actual = score_file(noise_file((20, 30), change, "changed.png"), **options)
    assert expected.score == actual.score
    assert np.array_equal(expected.anomaly_map, actual.anomaly_map)
    assert np.array_equal(expected.working_map, actual.working_map)


@pytest.mark.parametrize("preprocessing", EITHER, ids=["resized", "tiled", "scaled"])
def test_a_map_is_zero_outside_the_region_and_nowhere_in_it(scorer, noise_file, preprocessing):
    result = score_file(noise_file((20, 30)), scorer=scorer, preprocessing=preprocessing, interest=INTEREST)
    inside = np.zeros((20, 30), bool)
    inside[4:12, 6:18] = True
    assert {0.0} == set(result.anomaly_map[~inside].tolist())
    assert result.anomaly_map[inside].min() > 0
    rows, columns = (length / full for length, full in zip(result.working_map.shape, (20, 30), strict=True))
    middle = result.working_map[round(8 * rows), round(12 * columns)]
    assert 0 == result.working_map[0, 0] < middle
    assert (96, 600) == (result.pixel_count, inside.size)


def test_tiles_wholly_outside_are_not_scored(make_graph, noise_file):
    class Counting(OnnxScorer):
        calls = 0

        def score(self, image):
            Counting.calls += 1
            return super().score(image)

    tiled = Preprocessing(resize=(8, 8), tiling=Tiling(overlap=0.0))
    corner = np.zeros((32, 32), bool)
    corner[:8, :8] = True
    score_file(noise_file((32, 32)), scorer=Counting(make_graph()), preprocessing=tiled, interest=corner)
    assert 1 == Counting.calls


def test_an_image_of_other_proportions_than_its_region_is_data(scorer, grey_file):
    square = np.ones((8, 8), bool)
    result = score_file(grey_file(9), scorer=scorer, preprocessing=PREPROCESSING, interest=square)
    assert isinstance(result, Failure)
    assert "region_mismatch" == result.code
    assert "30x20 pixels, its region of interest is 8x8" in result.message


def test_pixels_are_scored_as_their_file_is(scorer, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    interest = np.zeros((20, 30), np.bool_)
    interest[5:, :20] = True
    for tiling in (None, Tiling(scale=0.8)):
        options = {
            "scorer": scorer,
            "preprocessing": Preprocessing(resize=(8, 8), tiling=tiling),
            "interest": interest,
        }
        expected = score_file(tmp_path / "a.png", **options)
        found = score_pixels(pixels, name="camera 3", **options)
        assert (expected.score, expected.statistics) == (found.score, found.statistics)
        np.testing.assert_array_equal(expected.anomaly_map, found.anomaly_map)
        np.testing.assert_array_equal(expected.working_map, found.working_map)


def test_what_is_wrong_with_pixels_is_data_and_names_them(scorer):
    interest = np.ones((20, 30), np.bool_)
    pixels = np.zeros((30, 20, 3), np.uint8)
    failure = score_pixels(
        pixels, name="camera 3", scorer=scorer, preprocessing=PREPROCESSING, interest=interest
    )
    assert ("region_mismatch", True) == (failure.code, failure.message.startswith("camera 3: "))
