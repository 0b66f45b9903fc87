import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from pyimgano_core.images import read_map, read_mask
from pyimgano_infer._encode import encode_map, encode_mask

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
MAPS = hnp.arrays(np.float32, SHAPES, elements=FINITE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("encoded")


def read_back(folder, encoded, suffix):
    path = folder / f"map.{suffix}"
    path.write_bytes(encoded.content)
    return read_map(path)


@pytest.mark.parametrize("map_format", ["npy", "tiff"])
@given(values=MAPS)
def test_float_maps_come_back_as_they_were(folder, map_format, values):
    encoded = encode_map(values, map_format)
    found = read_back(folder, encoded, map_format)
    assert ("float32", None, None) == (encoded.dtype, encoded.scale, encoded.offset)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(values, found)


@given(values=MAPS)
@example(values=np.full((2, 3), -7.25, np.float32))
@example(values=np.zeros((1, 1), np.float32))
@example(values=np.array([[-3.4e38, 3.4e38]], np.float32))
@example(values=np.array([[0, 1e-45]], np.float32))
def test_sixteen_bits_are_off_by_half_a_step_at_most(folder, values):
    encoded = encode_map(values, "png")
    stored = read_back(folder, encoded, "png")
    found = encoded.offset + encoded.scale * stored.astype(np.float64)
    span = float(values.max()) - float(values.min())
    tolerance = 1e-12 * np.abs(values).max(initial=0)  # the rounding of the numbers themselves
    assert np.abs(found - values).max() <= span / 65_535 / 2 + tolerance
    assert "uint16" == encoded.dtype


def test_a_tiff_has_one_page_and_no_compression():
    with Image.open(io.BytesIO(encode_map(np.zeros((5, 4), np.float32), "tiff").content)) as image:
        assert ("F", 1, "raw") == (image.mode, image.n_frames, image.info["compression"])


def test_a_png_is_sixteen_bit_grey():
    with Image.open(io.BytesIO(encode_map(np.eye(4, dtype=np.float32), "png").content)) as image:
        assert ("PNG", "I;16") == (image.format, image.mode)


@given(hnp.arrays(np.bool_, SHAPES))
def test_a_mask_is_0_and_255_and_comes_back(folder, mask):
    path = folder / "mask.png"
    path.write_bytes(encode_mask(mask))
    with Image.open(path) as image:
        assert ("PNG", "L") == (image.format, image.mode)
        np.testing.assert_array_equal(np.where(mask, 255, 0), np.asarray(image))
    np.testing.assert_array_equal(mask, read_mask(path))
