import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.metric import Confusion, MetricValue
from pyimgano_core.metrics import PixelDecisionAccumulator, confusion

LEVELS = st.integers(-3, 3).map(lambda level: level / 4)
IMAGES = st.lists(
    st.tuples(arrays(np.float32, (6, 6), elements=LEVELS), arrays(np.bool_, (6, 6))), min_size=1, max_size=4
)


def accumulate(images, threshold):
    accumulator = PixelDecisionAccumulator(threshold)
    for scores, mask in images:
        accumulator.update(scores, mask)
    return accumulator


@settings(deadline=None)
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


@settings(deadline=None)
@given(IMAGES, LEVELS, st.randoms(use_true_random=False))
def test_order_and_shards_change_no_bit(images, threshold, random):
    expected = accumulate(images, threshold).result()
    shuffled = random.sample(images, len(images))
    cut = random.randint(0, len(images))
    left, right = accumulate(shuffled[:cut], threshold), accumulate(shuffled[cut:], threshold)
    right.merge(left)
    assert expected == right.result()


@settings(deadline=None)
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


def test_thresholds_that_differ_or_are_nan_are_refused():
    with pytest.raises(ValueError, match="differ"):
        PixelDecisionAccumulator(0.5).merge(PixelDecisionAccumulator(0.6))
    with pytest.raises(ValueError, match="NaN"):
        PixelDecisionAccumulator(math.nan)
