import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pyimgano_core.components import label_regions, number_pixels
from pyimgano_core.errors import MachineError


def flood_fill(mask):
    """Number regions in raster order of their first pixel, the slow and obvious way."""
    labels, count = np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        todo = [start]
        while todo:
            y, x = todo.pop()
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] and not labels[y, x]:
                labels[y, x] = count
                todo += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return labels, count


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans()))
def test_labels_equal_a_flood_fill(mask):
    labels, count = label_regions(mask)
    expected_labels, expected_count = flood_fill(mask)
    assert expected_count == count
    assert expected_labels.tolist() == labels.tolist()
    assert np.int32 == labels.dtype


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans()))
def test_pixels_are_numbered_as_their_regions_are(mask):
    region, areas = number_pixels(mask)
    labels, count = label_regions(mask)
    assert (labels[mask] - 1).tolist() == region.tolist()
    assert [int((labels == number).sum()) for number in range(1, count + 1)] == areas.tolist()


def test_pixels_that_touch_by_a_corner_are_one_region():
    assert label_regions(np.eye(4, dtype=bool))[1] == 1


@pytest.mark.parametrize("mask", [np.zeros((2, 3, 1), bool), np.full((2, 2), 255, np.uint8)])
def test_anything_but_a_two_dimensional_bool_mask_is_refused(mask):
    for number in (label_regions, number_pixels):
        with pytest.raises(ValueError, match="a mask is"):
            number(mask)


def test_without_scikit_image_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MachineError, match=r"pyimgano-core\[skimage\]"):
        label_regions(np.zeros((2, 2), bool))
