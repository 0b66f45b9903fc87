"""Anomaly maps in files keep their values, or are refused."""

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_map

RAMP = np.arange(12).reshape(3, 4)


def code_of(path):
    with pytest.raises(ImageError) as caught:
        read_map(path)
    assert str(path) in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
        (">f4", "float32"),
        ("uint8", "float32"),
        ("uint16", "float32"),
        ("int32", "float64"),
        ("bool", "float32"),
    ],
)
def test_an_array_keeps_its_values(tmp_path, dtype, expected):
    values = (RAMP * 1.1).astype(dtype)
    np.save(tmp_path / "m.npy", values)
    found = read_map(tmp_path / "m.npy")
    assert expected == found.dtype
    np.testing.assert_array_equal(values.astype(float), found)


@pytest.mark.parametrize("shape", [(1, 3, 4), (3, 4, 1), (1, 1, 3, 4)])
def test_axes_of_length_one_around_a_map_are_dropped(tmp_path, shape):
    np.save(tmp_path / "m.npy", RAMP.reshape(shape).astype(np.float32))
    np.testing.assert_array_equal(RAMP, read_map(tmp_path / "m.npy"))


def test_a_map_of_one_row_stays_one(tmp_path):
    np.save(tmp_path / "m.npy", np.zeros((1, 5), np.float32))
    assert (1, 5) == read_map(tmp_path / "m.npy").shape


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("m.png", np.uint8),
        ("m.png", np.uint16),
        ("m.tif", np.float32),
        ("m.tiff", np.uint16),
        ("m.TIF", np.uint8),
    ],
)
def test_an_image_of_one_channel_keeps_its_values(tmp_path, name, dtype):
    values = (RAMP * 21).astype(dtype) if dtype is np.uint8 else (RAMP * 5000.5).astype(dtype)
    Image.fromarray(values).save(tmp_path / name, format="PNG" if name.endswith("png") else "TIFF")
    found = read_map(tmp_path / name)
    np.testing.assert_array_equal(values.astype(float), found)


def test_a_coloured_picture_is_no_map(tmp_path):
    Image.new("RGB", (4, 3)).save(tmp_path / "m.png")
    assert "unsupported_map" == code_of(tmp_path / "m.png")
    Image.new("P", (4, 3)).save(tmp_path / "p.png")
    assert "unsupported_map" == code_of(tmp_path / "p.png")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_count(tmp_path, bad):
    values = RAMP.astype(np.float32)
    values[0, :2] = bad
    np.save(tmp_path / "m.npy", values)
    with pytest.raises(ImageError, match="holds 2 values that are NaN or infinite") as caught:
        read_map(tmp_path / "m.npy")
    assert "non_finite" == caught.value.code


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 3, 4), np.float32),
        np.zeros(5, np.float32),
        np.zeros((0, 4), np.float32),
        np.zeros((3, 4), np.complex64),
        np.zeros((3, 4), np.int64),
        np.full((3, 4), "a"),
    ],
    ids=lambda values: f"{values.shape}{values.dtype}",
)
def test_what_is_not_a_table_of_numbers_is_no_map(tmp_path, values):
    np.save(tmp_path / "m.npy", values)
    assert "unsupported_map" == code_of(tmp_path / "m.npy")


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "m.npy", np.array([[{}]], object), allow_pickle=True)
    assert "corrupt" == code_of(tmp_path / "m.npy")


def test_torn_missing_and_foreign_files_are_told(tmp_path):
    np.save(tmp_path / "whole.npy", RAMP)
    (tmp_path / "torn.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-8])
    (tmp_path / "empty.npy").touch()
    (tmp_path / "m.png").write_bytes(b"nonsense")
    (tmp_path / "folder.npy").mkdir()
    assert ["corrupt", "corrupt", "unidentified", "not_found", "not_found", "unsupported_map"] == [
        code_of(tmp_path / name)
        for name in ("torn.npy", "empty.npy", "m.png", "none.npy", "folder.npy", "m.jpg")
    ]
