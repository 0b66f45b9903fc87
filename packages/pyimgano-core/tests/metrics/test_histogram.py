import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.metrics import NonFiniteScoresError, PixelAccumulator, PixelHistogram
from pyimgano_core.metrics._histogram import _bins, _lower_edges

SIDE = 6
# Of one bin at 8 bits, of neighbouring bins, and of all magnitudes, signs and kinds.
LEVELS = st.sampled_from([0.5, 0.6, 0.75, 1.0, 1.5, 1.9, 2.0, 7.0]) | st.floats(
    width=32, allow_nan=False, allow_infinity=False
)


@st.composite
def data_sets(draw, dtype=np.float32):
    images = [
        (
            draw(arrays(dtype, (SIDE, SIDE), elements=LEVELS)),
            draw(arrays(np.bool_, (SIDE, SIDE), elements=st.booleans())),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    images[0][1][0, 0] = True
    images[0][1][-1, -1] = False
    return images


def fill(accumulator, images):
    for scores, mask in images:
        accumulator.update(scores, mask)
    return accumulator


def values_of(result):
    return [result.pixel_auroc, result.pixel_average_precision, result.pixel_f1_max, result.aupro]


def assert_within_bounds(images, limit=0.3, bits=8):
    exact = values_of(fill(PixelAccumulator(limit), images).result())
    actual = values_of(fill(PixelHistogram(limit, bits=bits), images).result())
    for expected, value in zip(exact, actual, strict=True):
        assert abs(expected.value - value.value) <= value.error_bound


@given(data_sets(), st.sampled_from([0.01, 0.05, 0.3, 0.77, 1.0]), st.sampled_from([8, 9, 12, 16]))
def test_the_exact_values_lie_within_the_bounds(images, limit, bits):
    assert_within_bounds(images, limit, bits)


@given(data_sets(np.float64))
def test_scores_wider_than_float32_lie_within_the_bounds(images):
    assert_within_bounds([(scores + scores * 1e-9, mask) for scores, mask in images])


@pytest.mark.parametrize("wins", [True, False])
def test_the_best_and_the_worst_order_of_a_bin_are_the_bounds_themselves(wins):
    mask = np.zeros((20, 30), bool)
    mask[:4, :5] = mask[10:17, 3:9] = True
    positives = 1.5 if wins else np.linspace(0.6, 0.7, mask.sum())  # one tie, or one by one
    scores = np.full(mask.shape, 1.0, np.float32)  # at 8 bits a bin is 0.5 to 2
    scores[mask] = positives
    exact = values_of(fill(PixelAccumulator(1.0), [(scores, mask)]).result())
    auroc, precision, f1, aupro = values_of(fill(PixelHistogram(1.0, bits=8), [(scores, mask)]).result())
    sign = 1 if wins else -1
    expected = [value.value + sign * value.error_bound for value in (auroc, precision, aupro)]
    expected.insert(2, f1.value + f1.error_bound * wins)
    assert expected == pytest.approx([value.value for value in exact], abs=1e-6)


@given(data_sets())
def test_scikit_learn_lies_within_the_bounds(images):
    scores = np.concatenate([scores.ravel() for scores, _ in images])
    labels = np.concatenate([mask.ravel() for _, mask in images])
    result = fill(PixelHistogram(bits=8), images).result()
    precision, recall, _ = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    expected = (roc_auc_score(labels, scores), average_precision_score(labels, scores), f1.max())
    for value, actual in zip(expected, values_of(result)[:3], strict=True):
        assert abs(value - actual.value) <= actual.error_bound


def test_more_bits_give_smaller_bounds():
    rng = np.random.default_rng(0)
    masks = np.zeros((20, 64, 64), bool)
    masks[:8, 10:20, 30:50] = True
    images = list(zip(rng.normal(size=masks.shape).astype(np.float32) + masks, masks, strict=True))
    widest = [
        max(value.error_bound for value in values_of(fill(PixelHistogram(bits=bits), images).result()))
        for bits in (8, 12, 16, 20)
    ]
    assert sorted(widest, reverse=True) == widest
    assert widest[0] > 0.1
    assert widest[-1] < 1e-3


@given(data_sets())
def test_the_threshold_of_f1_attains_its_value(images):
    best = fill(PixelHistogram(bits=8), images).result().pixel_f1_max
    scores = np.stack([scores for scores, _ in images])
    masks = np.stack([mask for _, mask in images])
    flagged = scores >= best.threshold
    assert 2 * (flagged & masks).sum() / (flagged.sum() + masks.sum()) == pytest.approx(best.value, abs=1e-12)


@given(data_sets(), st.randoms(use_true_random=False))
def test_order_and_shards_change_no_bit(images, random):
    expected = fill(PixelHistogram(bits=12), images).result()
    shuffled = images.copy()
    random.shuffle(shuffled)
    shards = [PixelHistogram(bits=12) for _ in range(3)]
    for scores, mask in shuffled:
        random.choice(shards).update(scores, mask)
    random.shuffle(shards)
    shards[1].merge(shards[2])
    shards[0].merge(shards[1])
    assert expected == shards[0].result()


def test_merging_leaves_the_other_as_it_was():
    left, right = (
        fill(PixelHistogram(), [(np.array([[value, 0.5]]), np.array([[True, False]]))])
        for value in (0.0, 1.0)
    )
    expected = right.result()
    left.merge(right)
    left.update(np.ones((1, 2)), np.array([[True, False]]))
    assert expected == right.result()


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
LARGEST = float(np.finfo(np.float32).max)


@given(FLOATS, FLOATS, st.integers(8, 24))
@example(-LARGEST, LARGEST, 8)
@example(-LARGEST, LARGEST, 24)
def test_bins_are_in_the_order_of_their_scores_and_begin_at_their_edge(first, second, bits):
    scores = np.array(sorted([first, second]), np.float32)
    low, high = bins = _bins(scores, bits)
    assert low <= high
    assert 0 <= low
    assert high < 1 << bits
    edges = _lower_edges(bins.astype(np.intp), bits)
    assert (edges <= scores).all()
    assert (_bins(edges, bits) == bins).all()
    inner = edges > np.finfo(np.float32).min
    before = np.nextafter(edges[inner], np.float32(-np.inf))
    assert (_bins(before, bits) < bins[inner]).all()


def test_minus_zero_equals_zero():
    assert len(set(_bins(np.array([0.0, -0.0], np.float32), 24).tolist())) == 1
    images = [(np.array([[0.0, -0.0]]), np.array([[True, False]]))]
    result = fill(PixelHistogram(), [*images, (-images[0][0], images[0][1])]).result()
    assert result.pixel_auroc.flags == ("constant_scores",)
    assert math.copysign(1, result.pixel_f1_max.threshold) == 1


@pytest.mark.parametrize("score", [2.5, -0.0, 1e300])
@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_constant_scores_are_exact_and_flagged(score, limit):
    mask = np.zeros((8, 8), bool)
    mask[0, :3] = mask[5:, 5:] = True
    images = [(np.full((8, 8), score), mask)]
    exact = values_of(fill(PixelAccumulator(limit), images).result())
    actual = values_of(fill(PixelHistogram(limit), images).result())
    for expected, value in zip(exact, actual, strict=True):
        assert expected.value == pytest.approx(value.value, abs=1e-15)
        assert (expected.flags, expected.threshold) == (value.flags, value.threshold)
        assert value.error_bound < 1e-11


def test_different_scores_in_one_bin_are_not_constant():
    images = [(np.array([[1.0, 1.0 + 1e-6]]), np.array([[True, False]]))]
    result = fill(PixelHistogram(bits=8), images).result()
    assert result.pixel_auroc.flags == ()
    assert result.pixel_auroc.error_bound >= 0.5


@pytest.mark.parametrize("bits", [8, 20])
def test_float64_beyond_float32_keeps_its_place(bits):
    images = [(np.array([[1e300, 1e37, -1e300, 0.0]]), np.array([[True, False, False, False]]))]
    result = fill(PixelHistogram(bits=bits), images).result()
    assert [value.value for value in values_of(result)] == pytest.approx([1.0] * 4, abs=0.01)
    assert 1e37 < result.pixel_f1_max.threshold < math.inf


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "no_positive_pixels"),
        ([(np.ones((2, 2)), np.zeros((2, 2), bool))], "no_positive_pixels"),
        ([(np.ones((2, 2)), np.ones((2, 2), bool))], "no_negative_pixels"),
    ],
)
def test_undefined_metrics_have_a_reason_and_no_value(images, reason):
    result = fill(PixelHistogram(), images).result()
    assert [MetricValue(reason=reason)] * 4 == values_of(result)


def test_the_counts_are_those_of_the_exact_metrics():
    rng = np.random.default_rng(3)
    images = [(rng.random((9, 7)), rng.random((9, 7)) < share) for share in (0.0, 0.3, 0.5)]
    exact, actual = (fill(kind(), images).result() for kind in (PixelAccumulator, PixelHistogram))
    for name in ("aupro_limit", "n_images", "n_regions", "n_positive_pixels", "n_negative_pixels"):
        assert getattr(exact, name) == getattr(actual, name)


def test_a_refused_map_leaves_the_histogram_as_it_was():
    histogram = fill(PixelHistogram(), [(np.array([[1.0, 2.0]]), np.array([[False, True]]))])
    expected = histogram.result()
    with pytest.raises(NonFiniteScoresError) as caught:
        histogram.update(
            np.array([[math.nan, 0.0, math.inf]]), np.array([[True, False, False]]), name="a.png"
        )
    assert (caught.value.count, caught.value.name) == (2, "a.png")
    with pytest.raises(ValueError, match="shape"):
        histogram.update(np.ones((2, 2)), np.zeros((2, 3), bool))
    with pytest.raises(ValueError, match="mask"):
        histogram.update(np.ones((2, 2)), np.full((2, 2), 255, np.uint8))
    assert expected == histogram.result()


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.5, math.nan])
def test_a_limit_outside_0_to_1_is_refused(limit):
    with pytest.raises(ValueError, match="limit"):
        PixelHistogram(limit)


@pytest.mark.parametrize("bits", [7, 25])
def test_bits_that_are_too_few_or_too_many_are_refused(bits):
    with pytest.raises(ValueError, match="8 to 24 bits"):
        PixelHistogram(bits=bits)


def test_histograms_of_different_limits_or_bits_do_not_merge():
    with pytest.raises(ValueError, match="differ"):
        PixelHistogram(0.3).merge(PixelHistogram(0.05))
    with pytest.raises(ValueError, match="differ"):
        PixelHistogram(bits=8).merge(PixelHistogram(bits=9))


def test_memory_does_not_grow_with_the_images():
    histogram = PixelHistogram(bits=8)
    tracemalloc.start()
    for _ in range(100):
        histogram.update(np.zeros((100, 100), np.float32), np.eye(100, dtype=bool))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000  # the scores are 4,000,000 bytes
    assert histogram.result().n_negative_pixels == 990_000
