from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.metrics import NonFiniteScoresError, PixelAccumulator

LEVELS = st.integers(-3, 3).map(lambda level: level / 4)
SHAPES = st.sampled_from([(4, 4), (3, 7)])


@st.composite
def data_sets(draw):
    """Named images of two sizes, at least one of them anomalous and one normal."""
    images = []
    for index in range(draw(st.integers(2, 5))):
        shape = draw(SHAPES)
        mask = draw(arrays(np.bool_, shape)) if index % 2 else np.zeros(shape, bool)
        mask[0, 0] |= index == 1
        images.append((f"{index}", draw(arrays(np.float32, shape, elements=LEVELS)), mask))
    return images


def accumulate(images, limits=(0.05, 0.6)):
    accumulator = PixelAccumulator(aupimo_limits=limits)
    for name, scores, mask in images:
        accumulator.update(scores, mask, name=name)
    return accumulator


def measure(images, limits=(0.05, 0.6)):
    return accumulate(images, limits).result().aupimo


def slow_area(scores, mask, normals, low, high):
    """Integrate the step curve of true-positive rate over the logarithm of the mean normal rate."""
    curve = {}  # the largest share found at each rate
    for threshold in [*np.unique([*scores.ravel(), *np.concatenate([n.ravel() for n in normals])]), np.inf]:
        rate = np.mean([(normal >= threshold).mean() for normal in normals])
        curve[rate] = max(curve.get(rate, 0.0), (scores[mask] >= threshold).mean())
    corners = sorted({low, high, *(rate for rate in curve if low < rate < high)})
    area = 0.0
    for start, end in pairwise(corners):
        found = max(share for rate, share in curve.items() if rate <= start * (1 + 1e-12))
        area += found * np.log(end / start)
    return area / np.log(high / low)


@given(data_sets(), st.sampled_from([(0.05, 0.6), (0.01, 1.0), (0.3, 0.4)]))
def test_areas_equal_an_integral_over_all_thresholds(images, limits):
    result = measure(images, limits)
    normals = [scores for _, scores, mask in images if not mask.any()]
    expected = {
        name: slow_area(scores, mask, normals, *limits) for name, scores, mask in images if mask.any()
    }
    assert result.images == pytest.approx(expected, abs=1e-9)
    assert np.mean(list(expected.values())) == pytest.approx(result.mean.value, abs=1e-9)


@given(data_sets(), st.randoms(use_true_random=False))
def test_order_and_shards_change_no_bit(images, random):
    expected = measure(images)
    shuffled = random.sample(images, len(images))
    cut = random.randint(0, len(images))
    left, right = accumulate(shuffled[:cut]), accumulate(shuffled[cut:])
    right.merge(left)
    assert expected == right.result().aupimo
    assert list(expected.images) == list(right.result().aupimo.images)


@given(data_sets())
def test_a_strictly_increasing_transform_changes_no_value(images):
    moved = [(name, np.exp(scores.astype(np.float64)), mask) for name, scores, mask in images]
    assert measure(images) == measure(moved)


def test_undefined_is_a_reason_and_no_value():
    clean, defect = np.zeros((1, 1), bool), np.ones((1, 1), bool)
    assert measure([("a", np.ones((1, 1)), clean)]).mean.reason == "no_positive_pixels"
    assert measure([("a", np.ones((1, 1)), defect)]).mean.reason == "no_normal_images"


def test_scores_that_are_not_finite_are_an_error_that_names_the_image():
    with pytest.raises(NonFiniteScoresError, match="'a'"):
        accumulate([("a", np.full((1, 1), np.nan), np.zeros((1, 1), bool))])


def test_a_name_that_is_taken_is_refused():
    image = ("a", np.ones((1, 1)), np.ones((1, 1), bool))
    with pytest.raises(ValueError, match="'a'"):
        accumulate([image, image])
    with pytest.raises(ValueError, match="'a'"):
        accumulate([image]).merge(accumulate([image]))


@pytest.mark.parametrize("limits", [(0.0, 0.1), (0.1, 0.1), (0.1, 1.1)])
def test_limits_that_differ_or_make_no_sense_are_refused(limits):
    with pytest.raises(ValueError, match="limits"):
        PixelAccumulator(aupimo_limits=limits)
    with pytest.raises(ValueError, match="differ"):
        accumulate([], (1e-5, 1e-4)).merge(accumulate([], (1e-5, 1e-3)))


@given(data_sets(), arrays(np.float32, (3, 3), elements=LEVELS))
def test_an_anomalous_image_with_an_empty_mask_raises_no_false_alarms_and_has_no_value(images, scores):
    accumulator, expected = accumulate(images), measure(images)
    empty = np.zeros((3, 3), bool)
    accumulator.update(scores, empty, anomalous=True)
    assert expected == accumulator.result().aupimo
    as_normal = accumulate([*images, ("normal", scores, empty)]).result()
    assert evolve(as_normal, aupimo=expected) == accumulator.result()


def test_the_label_agrees_with_the_mask_where_both_say_the_same():
    images = [("a", np.ones((2, 2)), np.eye(2, dtype=bool)), ("b", np.ones((2, 2)), np.zeros((2, 2), bool))]
    labelled = PixelAccumulator(aupimo_limits=(0.05, 0.6))
    for name, scores, mask in images:
        labelled.update(scores, mask, name=name, anomalous=bool(mask.any()))
    assert accumulate(images).result() == labelled.result()


def test_a_normal_image_whose_mask_is_not_empty_is_refused_and_adds_nothing():
    accumulator = PixelAccumulator()
    with pytest.raises(ValueError, match="'a' is labelled normal"):
        accumulator.update(np.ones((1, 1)), np.ones((1, 1), bool), name="a", anomalous=False)
    assert PixelAccumulator().result() == accumulator.result()
