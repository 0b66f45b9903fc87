import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.metric import Confusion, MetricValue
from pyimgano_core.metrics import NonFiniteScoresError, PixelDecisionAccumulator, confusion
from pyimgano_core.regions import defect_regions

LEVELS = st.integers(-3, 3).map(lambda level: level / 4)
IMAGES = st.lists(
    st.tuples(arrays(np.float32, (6, 6), elements=LEVELS), arrays(np.bool_, (6, 6))), min_size=1, max_size=4
)


def accumulate(images, threshold, minimum_area=1):
    accumulator = PixelDecisionAccumulator(threshold, minimum_area)
    for scores, mask in images:
        accumulator.update(scores, mask)
    return accumulator


@given(IMAGES, LEVELS)
def test_values_equal_a_loop_over_regions_and_pixels(images, threshold):
    images[0][1][0, 0] = True
    actual = accumulate(images, threshold).result()
    flagged = [scores >= threshold for scores, _ in images]
    overlaps = [
        flags[labels == number].mean()
        for flags, (labels, count) in zip(flagged, (label_regions(mask) for _, mask in images), strict=True)
        for number in range(1, count + 1)
    ]
    assert np.mean(overlaps) == pytest.approx(actual.pro.value, abs=1e-12)
    masks = np.stack([mask for _, mask in images])
    assert np.sum(flagged & masks) / np.sum(flagged | masks) == actual.iou.value
    scores = np.stack([scores for scores, _ in images])
    assert confusion(scores.ravel(), masks.ravel(), threshold) == actual.confusion
    assert actual.confusion.f1 == actual.f1.value


def large_parts(flags, minimum_area):
    """Drop small regions the slow way, region by region."""
    labels, count = label_regions(flags)
    parts = [labels == number for number in range(1, count + 1)]
    return np.any([np.zeros_like(flags), *(part for part in parts if part.sum() >= minimum_area)], axis=0)


@given(IMAGES, LEVELS, st.integers(1, 9))
def test_regions_below_the_minimum_area_count_as_not_flagged(images, threshold, minimum_area):
    actual = accumulate(images, threshold, minimum_area).result()
    kept = [(large_parts(scores >= threshold, minimum_area).astype(float), mask) for scores, mask in images]
    expected = accumulate(kept, 0.5).result()
    assert (expected.confusion, expected.pro, expected.iou) == (actual.confusion, actual.pro, actual.iou)
    found = [region for scores, _ in images for region in defect_regions(scores, threshold, minimum_area)]
    assert sum(region.area for region in found) == actual.confusion.tp + actual.confusion.fp


@given(IMAGES, LEVELS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_shards_change_no_bit(images, threshold, random, area):
    expected = accumulate(images, threshold, area).result()
    shuffled = random.sample(images, len(images))
    cut = random.randint(0, len(images))
    left, right = accumulate(shuffled[:cut], threshold, area), accumulate(shuffled[cut:], threshold, area)
    right.merge(left)
    assert expected == right.result()


@given(IMAGES, LEVELS)
def test_a_strictly_increasing_transform_of_scores_and_threshold_changes_no_value(images, threshold):
    moved = [(np.exp(scores.astype(np.float64)), mask) for scores, mask in images]
    expected = accumulate(images, threshold).result()
    actual = accumulate(moved, float(np.exp(np.float64(threshold)))).result()
    assert (expected.confusion, expected.pro, expected.iou) == (actual.confusion, actual.pro, actual.iou)


def test_without_defects_the_counts_remain_and_the_metrics_have_a_reason():
    result = accumulate([(np.array([[0.0, 1.0]]), np.zeros((1, 2), bool))], 0.5).result()
    assert Confusion(tp=0, fp=1, tn=1, fn=0) == result.confusion
    assert [MetricValue(reason="no_positive_pixels")] * 3 == [result.pro, result.iou, result.f1]


def test_the_threshold_is_not_rounded_to_float32():
    image = (np.ones((1, 1), np.float32), np.ones((1, 1), bool))
    assert accumulate([image], float(np.nextafter(1.0, 2.0))).result().pro.value == 0.0
    assert accumulate([image], 1.0).result().pro.value == 1.0


def test_a_region_of_the_minimum_area_is_kept_and_one_pixel_less_is_not():
    flagged = np.zeros((5, 5))
    flagged[0, 0] = flagged[1, 1] = 1.0  # they touch by a corner
    flagged[4, 4] = 1.0
    image = (flagged, flagged > 0)
    assert Confusion(tp=2, fp=0, tn=22, fn=1) == accumulate([image], 0.5, 2).result().confusion
    assert Confusion(tp=0, fp=0, tn=22, fn=3) == accumulate([image], 0.5, 3).result().confusion


def test_scores_that_are_not_finite_are_an_error_that_names_the_image():
    with pytest.raises(NonFiniteScoresError, match=r"'a\.png'"):
        PixelDecisionAccumulator(0.5).update(np.array([[math.inf]]), np.zeros((1, 1), bool), name="a.png")


def test_minimum_areas_that_differ_or_are_none_are_refused():
    with pytest.raises(ValueError, match="minimum areas differ"):
        PixelDecisionAccumulator(0.5, 2).merge(PixelDecisionAccumulator(0.5, 3))
    with pytest.raises(ValueError, match="at least 1"):
        PixelDecisionAccumulator(0.5, 0)


def test_thresholds_that_differ_or_are_nan_are_refused():
    with pytest.raises(ValueError, match="differ"):
        PixelDecisionAccumulator(0.5).merge(PixelDecisionAccumulator(0.6))
    with pytest.raises(ValueError, match="NaN"):
        PixelDecisionAccumulator(math.nan)
