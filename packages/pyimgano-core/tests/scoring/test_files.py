import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.scoring.files import ScoredImage, score_file, score_files

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
