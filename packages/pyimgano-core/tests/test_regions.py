import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.region import Region
from pyimgano_core.metrics import NonFiniteScoresError
from pyimgano_core.regions import defect_regions, flag_pixels, highest_level


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
def test_each_region_equals_the_measures_of_its_own_pixels(score_map, threshold, minimum_area):
    labels, count = label_regions(score_map.astype(np.float64) >= threshold)
    measured = []
    for number in range(1, count + 1):
        y, x = np.nonzero(labels == number)
        scores = score_map[y, x].astype(np.float64)
        box = (x.min(), y.min(), x.max() + 1, y.max() + 1)
        if len(x) >= minimum_area:
            measured.append((scores.max(), len(x), box, scores.mean(), x.mean(), y.mean()))
    regions = defect_regions(score_map, threshold, minimum_area)
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
    assert [(r.id, r.area) for r in defect_regions(score_map, 0.5, minimum_area=3)] == [(1, 3)]


def test_a_map_with_nan_is_refused():
    score_map = np.zeros((3, 3), np.float32)
    score_map[1] = np.nan
    with pytest.raises(NonFiniteScoresError, match="3 of the scores"):
        defect_regions(score_map, 0.5)


def test_a_threshold_that_is_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        defect_regions(np.zeros((3, 3), np.float32), float("nan"))


maps = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 12).map(float)
)


def level_of(score_map, minimum_area):
    """Try every score from the highest on, the slow and obvious way."""
    for level in np.unique(score_map)[::-1]:
        labels, count = label_regions(score_map >= level)
        if any((labels == number).sum() >= minimum_area for number in range(1, count + 1)):
            return level
    return score_map.min()


@given(maps, st.integers(1, 60))
def test_the_highest_level_equals_a_try_of_all_levels(score_map, minimum_area):
    assert level_of(score_map, minimum_area) == highest_level(score_map, minimum_area)


@given(maps, st.integers(1, 20), st.integers(-1, 13))
def test_a_threshold_flags_a_region_exactly_up_to_the_highest_level(score_map, minimum_area, threshold):
    if minimum_area <= score_map.size:
        is_flagged = bool(defect_regions(score_map, threshold, minimum_area))
        assert is_flagged == (threshold <= highest_level(score_map, minimum_area))


def test_the_highest_level_of_a_single_pixel_is_the_maximum_to_the_bit():
    score_map = np.random.default_rng(0).random((5, 8))
    assert score_map.max() == highest_level(score_map)


def test_pixels_that_touch_by_a_corner_share_a_level():
    assert 3.0 == highest_level(np.diag([3.0, 4.0, 5.0]), 3)


def test_a_map_smaller_than_the_area_has_its_lowest_score_for_a_level():
    assert 2.0 == highest_level(np.array([[2.0, 3.0]]), 3)


def test_a_map_with_infinity_has_no_level():
    with pytest.raises(NonFiniteScoresError, match="1 of the scores"):
        highest_level(np.array([[1.0, np.inf]]), 2)


@given(
    arrays(np.float32, (6, 7), elements=st.floats(-2, 2, width=16)),
    arrays(np.bool_, (6, 7)),
    st.floats(-3, 3),
    st.integers(1, 4),
)
def test_outside_nothing_is_flagged_and_nothing_makes_a_region_larger(
    score_map, inside, threshold, minimum_area
):
    flagged = flag_pixels(score_map, threshold, minimum_area, inside)
    labels, _ = label_regions(inside & (score_map.astype(np.float64) >= threshold))
    areas = np.bincount(labels.ravel())
    expected = (labels > 0) & (areas[labels] >= minimum_area)
    np.testing.assert_array_equal(expected, flagged)
    regions = defect_regions(score_map, threshold, minimum_area, inside)
    assert np.count_nonzero(flagged) == sum(region.area for region in regions)


def test_pixels_of_regions_that_are_too_small_are_not_flagged():
    assert not flag_pixels(np.eye(3), 0.5, 4).any()
    assert 3 == np.count_nonzero(flag_pixels(np.eye(3), 0.5, 3))
