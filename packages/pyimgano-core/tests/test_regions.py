import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.region import Region
from pyimgano_core.metrics import NonFiniteScoresError
from pyimgano_core.regions import defect_regions


def test_regions_are_measured_in_pixels_and_sorted_by_their_highest_score():
    score_map = np.zeros((5, 7), np.float32)
    score_map[0, 0:2] = 0.5, 0.75
    score_map[2:4, 4:7] = [[1, 2, 1], [1, 1, 3]]
    expected = (
        Region(
            id=1,
            bbox_xyxy=(4, 2, 7, 4),
            area=6,
            score_max=3.0,
            score_mean=1.5,
            centroid_xy=(5.0, 2.5),
        ),
        Region(
            id=2,
            bbox_xyxy=(0, 0, 2, 1),
            area=2,
            score_max=0.75,
            score_mean=0.625,
            centroid_xy=(0.5, 0.0),
        ),
    )
    assert expected == defect_regions(score_map, 0.5)


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.floats(0, 8, width=16),
    ),
    st.floats(0, 8),
    st.integers(0, 4),
)
def test_each_region_equals_the_measures_of_its_own_pixels(score_map, threshold, min_area):
    labels, count = label_regions(score_map.astype(np.float64) >= threshold)
    measured = []
    for number in range(1, count + 1):
        y, x = np.nonzero(labels == number)
        scores = score_map[y, x].astype(np.float64)
        box = (x.min(), y.min(), x.max() + 1, y.max() + 1)
        if len(x) >= min_area:
            measured.append((scores.max(), len(x), box, scores.mean(), x.mean(), y.mean()))
    regions = defect_regions(score_map, threshold, min_area)
    found = [(r.score_max, r.area, r.bbox_xyxy, r.score_mean, *r.centroid_xy) for r in regions]
    assert len(measured) == len(found)
    for expected, actual in zip(sorted(measured), sorted(found), strict=True):
        assert expected[:3] == actual[:3]
        assert pytest.approx(expected[3:], rel=1e-12) == actual[3:]
    assert sorted((-r.score_max, -r.area) for r in regions) == [(-r.score_max, -r.area) for r in regions]
    assert list(range(1, len(regions) + 1)) == [r.id for r in regions]


def test_a_score_equal_to_the_threshold_belongs_to_a_region():
    assert defect_regions(np.ones((2, 2), np.float32), 1.0)[0].area == 4


def test_a_threshold_just_above_a_score_is_not_rounded_to_float32():
    assert defect_regions(np.ones((2, 2), np.float32), float(np.nextafter(1.0, 2.0))) == ()


def test_among_equal_scores_the_largest_comes_first_and_then_raster_order():
    score_map = np.zeros((3, 5), np.float32)
    score_map[0, 2] = score_map[2, 0] = score_map[2, 3:5] = 1.0
    boxes = [region.bbox_xyxy for region in defect_regions(score_map, 0.5)]
    assert boxes == [(3, 2, 5, 3), (2, 0, 3, 1), (0, 2, 1, 3)]


def test_regions_smaller_than_the_least_area_are_left_out():
    score_map = np.zeros((3, 5), np.float32)
    score_map[0, 0] = 9.0
    score_map[2, 1:4] = 1.0
    assert [(r.id, r.area) for r in defect_regions(score_map, 0.5, min_area=3)] == [(1, 3)]


def test_a_map_with_nan_is_refused():
    score_map = np.zeros((3, 3), np.float32)
    score_map[1] = np.nan
    with pytest.raises(NonFiniteScoresError, match="3 of the scores"):
        defect_regions(score_map, 0.5)


def test_a_threshold_that_is_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        defect_regions(np.zeros((3, 3), np.float32), float("nan"))
