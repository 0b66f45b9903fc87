from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics import NonFiniteScoresError, PixelAccumulator, SaturatedOverlapAccumulator

LEVELS = st.integers(-3, 3).map(lambda level: level / 4)


@st.composite
def data_sets(draw):
    """Images with up to three regions, which may overlap; at least one region and one negative."""
    images = []
    for _ in range(draw(st.integers(1, 3))):
        regions = draw(st.lists(arrays(np.bool_, (5, 5)), max_size=3))
        if not images:
            regions.append(np.eye(5, dtype=bool))
        for region in regions:
            region[0, 0], region[4, 0] = True, False
        saturations = [draw(st.integers(1, int(region.sum()))) for region in regions]
        images.append((draw(arrays(np.float32, (5, 5), elements=LEVELS)), regions, saturations))
    return images


def accumulate(images, limit=0.3):
    accumulator = SaturatedOverlapAccumulator(limit)
    for image in images:
        accumulator.update(*image)
    return accumulator


def slow_area(images, limit):
    """Every distinct score as a threshold, trapezoids, a straight line to the limit."""
    negatives = np.concatenate(
        [s[~np.any([np.zeros((5, 5), bool), *regions], 0)] for s, regions, _ in images]
    )
    curve = [(0.0, 0.0)]
    for threshold in np.unique([scores for scores, _, _ in images])[::-1]:
        overlaps = [
            min(np.sum(scores[region] >= threshold) / saturation, 1)
            for scores, regions, saturations in images
            for region, saturation in zip(regions, saturations, strict=True)
        ]
        curve.append(((negatives >= threshold).mean(), np.mean(overlaps)))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        end = min(x1, limit)
        if x0 < end:
            area += (end - x0) * (y0 + y0 + (y1 - y0) * (end - x0) / (x1 - x0)) / 2
    return area / limit


@given(data_sets(), st.sampled_from([0.01, 0.05, 0.3, 1.0]))
def test_the_area_equals_a_loop_over_all_thresholds(images, limit):
    assert slow_area(images, limit) == pytest.approx(accumulate(images, limit).result().value, abs=1e-12)


@given(data_sets(), st.randoms(use_true_random=False))
def test_order_and_shards_change_no_bit(images, random):
    expected = accumulate(images).result()
    shuffled = random.sample(images, len(images))
    cut = random.randint(0, len(images))
    left, right = accumulate(shuffled[:cut]), accumulate(shuffled[cut:])
    right.merge(left)
    assert expected == right.result()


@given(data_sets())
def test_a_strictly_increasing_transform_changes_no_value(images):
    moved = [(np.exp(scores.astype(np.float64)) * 50, *rest) for scores, *rest in images]
    assert accumulate(images).result() == accumulate(moved).result()


def test_a_saturation_of_the_whole_area_is_aupro():
    rng = np.random.default_rng(0)
    scores, mask = rng.normal(size=(20, 20)), np.zeros((20, 20), bool)
    mask[3:9, 4:8] = True
    pixels = PixelAccumulator(0.3)
    pixels.update(scores, mask)
    actual = accumulate([(scores, [mask], [24])]).result()
    assert pixels.result().aupro.value == pytest.approx(actual.value, abs=1e-15)


def test_scores_are_constant_only_where_those_that_need_not_be_found_are_too():
    scores, region = np.array([[1.0, 2.0, 2.0]]), np.array([[True, True, False]])
    assert () == accumulate([(scores, [region], [1])]).result().flags
    assert ("constant_scores",) == accumulate([(np.ones((1, 3)), [region], [1])]).result().flags


def test_undefined_is_a_reason():
    ones = np.ones((2, 2))
    assert MetricValue(reason="no_positive_pixels") == accumulate([(ones, [], [])]).result()
    assert MetricValue(reason="no_negative_pixels") == accumulate([(ones, [ones > 0], [1])]).result()


@pytest.mark.parametrize("saturation", [0, 5])
def test_a_saturation_outside_the_area_is_refused_and_adds_nothing(saturation):
    accumulator = SaturatedOverlapAccumulator()
    with pytest.raises(ValueError, match="saturation"):
        accumulator.update(np.ones((2, 2)), [np.ones((2, 2), bool)], [saturation])
    assert MetricValue(reason="no_positive_pixels") == accumulator.result()


def test_scores_that_are_not_finite_are_an_error_that_names_the_image():
    with pytest.raises(NonFiniteScoresError, match=r"'a\.png'"):
        SaturatedOverlapAccumulator().update(np.full((1, 1), np.inf), [], [], name="a.png")


def test_limits_that_differ_or_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="differ"):
        SaturatedOverlapAccumulator(0.3).merge(SaturatedOverlapAccumulator(0.05))
    with pytest.raises(ValueError, match="limit"):
        SaturatedOverlapAccumulator(0.0)
