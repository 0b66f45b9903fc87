import json
import math
import os
import tracemalloc
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from pyimgano_core.components import label_regions
from pyimgano_core.contracts.metric import MetricValue
from pyimgano_core.errors import MachineError
from pyimgano_core.metrics import (
    NonFiniteScoresError,
    PixelAccumulator,
    SaturatedOverlapAccumulator,
    _bags,
    auroc,
    average_precision,
    f1_max,
)

SIDE = 6
LIMITS = (0.05, 0.6)
OPTIONS = {"saturation": 0.4, "aupimo_limits": LIMITS}


@st.composite
def data_sets(draw, min_positives=1):
    """A few small maps with masks; few levels, hence ties within and across images and classes."""
    levels = st.integers(-3, 3).map(lambda level: level / 4)
    images = [
        (
            draw(arrays(np.float32, (SIDE, SIDE), elements=levels)),
            draw(arrays(np.bool_, (SIDE, SIDE), elements=st.booleans())),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    images[0][1].flat[:min_positives] = True
    images[0][1][-1, -1] = False
    images.append((draw(arrays(np.float32, (SIDE, SIDE), elements=levels)), np.zeros((SIDE, SIDE), bool)))
    return images


def accumulate(images, limit=0.3, **options):
    accumulator = PixelAccumulator(limit, **options)
    for number, (scores, mask) in enumerate(images):
        accumulator.update(scores, mask, name=str(number))
    return accumulator


def slow_aupro(images, limit, saturation=1.0):
    """Every distinct score as a threshold, trapezoids, a straight line to the limit."""
    scores = np.stack([scores for scores, _ in images])
    masks = np.stack([mask for _, mask in images])
    regions = [
        (index, labels == number)
        for index, (labels, count) in enumerate(map(label_regions, masks))
        for number in range(1, count + 1)
    ]
    curve = [(0.0, 0.0)]
    for threshold in np.unique(scores)[::-1]:
        flagged = scores >= threshold
        overlap = np.mean(
            [
                min(flagged[index][region].sum() / max(1, int(saturation * region.sum())), 1)
                for index, region in regions
            ]
        )
        curve.append((flagged[~masks].mean(), overlap))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x0 >= limit:
            break
        end = min(x1, limit)
        y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0) if x1 > limit else y1
        area += (end - x0) * (y0 + y_end) / 2
    return area / limit


@given(data_sets(), st.sampled_from([0.01, 0.05, 0.3, 0.77, 1.0]))
def test_aupro_equals_a_loop_over_all_thresholds(images, limit):
    actual = accumulate(images, limit).result().aupro.value
    assert slow_aupro(images, limit) == pytest.approx(actual, abs=1e-12)


@given(data_sets(), st.sampled_from([0.05, 0.3, 1.0]), st.sampled_from([0.01, 0.3, 0.5, 0.99, 1.0]))
def test_au_spro_equals_a_loop_over_all_thresholds(images, limit, saturation):
    result = accumulate(images, limit, saturation=saturation).result()
    assert slow_aupro(images, limit, saturation) == pytest.approx(result.au_spro.value, abs=1e-12)
    assert saturation == result.saturation


@pytest.mark.parametrize(("saturation", "area"), [(0.7, 90), (0.29, 100), (0.1, 30), (0.07, 100)])
def test_a_share_of_a_region_is_that_of_the_decimal_that_was_written(saturation, area):
    enough = int(Fraction(str(saturation)) * area)
    scores = np.zeros((1, 2 * area))
    mask = np.zeros((1, 2 * area), bool)
    mask[:, :area] = True
    found = {}
    for flagged in (enough - 1, enough):
        scores[:, :flagged] = 1
        found[flagged] = accumulate([(scores, mask)], 1.0, saturation=saturation).result().au_spro.value
    assert found[enough] == pytest.approx(1.0, abs=1e-15)
    assert found[enough - 1] < 1 - 1e-3


@given(data_sets(), st.sampled_from([0.3, 0.5]))
def test_options_add_their_own_metric_and_change_no_other(images, saturation):
    result = accumulate(images, saturation=saturation, aupimo_limits=LIMITS).result()
    plain = accumulate(images).result()
    assert plain == evolve(result, au_spro=None, saturation=None, aupimo=None)
    saturated = SaturatedOverlapAccumulator(0.3)
    for scores, mask in images:
        labels, count = label_regions(mask)
        regions = [labels == label for label in range(1, count + 1)]
        saturated.update(scores, regions, [max(1, int(saturation * region.sum())) for region in regions])
    assert saturated.result() == result.au_spro


@given(data_sets())
def test_pixel_metrics_equal_scikit_learn_over_all_pixels(images):
    scores = np.concatenate([scores.ravel() for scores, _ in images])
    labels = np.concatenate([mask.ravel() for _, mask in images])
    result = accumulate(images).result()
    assert roc_auc_score(labels, scores) == pytest.approx(result.pixel_auroc.value, abs=1e-12)
    expected = average_precision_score(labels, scores)
    assert expected == pytest.approx(result.pixel_average_precision.value, abs=1e-12)
    assert f1_max(scores, labels) == result.pixel_f1_max


@given(data_sets(), st.randoms(use_true_random=False), st.integers(1, 200), st.integers(1, 50))
def test_order_shards_chunks_and_runs_change_no_bit(images, random, chunk, run):
    expected = accumulate(images, **OPTIONS).result()
    shuffled = list(enumerate(images))
    random.shuffle(shuffled)
    shards = [PixelAccumulator(**OPTIONS) for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bags, "CHUNK", chunk)
        patch.setattr(_bags, "RUN", run)
        for number, (scores, mask) in shuffled:
            random.choice(shards).update(scores, mask, name=str(number))
        random.shuffle(shards)
        shards[1].merge(shards[2])
        shards[0].merge(shards[1])
        actual = shards[0].result()
    assert expected == actual
    assert list(expected.aupimo.images) == list(actual.aupimo.images)


@given(data_sets())
def test_a_strictly_increasing_transform_changes_no_value(images):
    scaled = [(np.exp(scores.astype(np.float64)) * 50, mask) for scores, mask in images]
    moved = accumulate(scaled, **OPTIONS).result()
    result = accumulate(images, **OPTIONS).result()
    assert moved.aupro == result.aupro
    assert moved.au_spro == result.au_spro
    assert moved.aupimo == result.aupimo
    assert moved.pixel_auroc == result.pixel_auroc
    assert moved.pixel_average_precision == result.pixel_average_precision
    assert moved.pixel_f1_max.value == result.pixel_f1_max.value


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
def test_every_dtype_gives_the_same_as_float64(dtype):
    rng = np.random.default_rng(1)
    masks = rng.random((3, 20, 20)) < 0.1
    maps = (rng.normal(100, 20, masks.shape) + 20 * masks).astype(dtype)
    wide = zip(maps.astype(np.float64), masks, strict=True)
    narrow = zip(maps, masks, strict=True)
    assert accumulate(wide, **OPTIONS).result() == accumulate(narrow, **OPTIONS).result()


def test_maps_of_different_dtypes_and_sizes_mix():
    first = (np.array([[0.1, 0.2]]), np.array([[True, False]]))
    second = (np.array([[0.1], [3]], np.float32), np.array([[False], [True]]))
    result = accumulate([first, second]).result()
    expected = auroc([0.1, 0.2, float(np.float32(0.1)), 3.0], [1, 0, 0, 1])
    assert expected == result.pixel_auroc
    assert (
        result.n_images,
        result.n_regions,
        result.n_positive_pixels,
        result.n_negative_pixels,
    ) == (2, 2, 2, 2)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_constant_scores_give_half_the_limit_and_a_flag(limit):
    mask = np.zeros((8, 8), bool)
    mask[0, :3] = mask[5:, 5:] = True
    result = accumulate([(np.full((8, 8), 2.5), mask)], limit).result()
    flags = ("constant_scores",)
    assert result.aupro.value == pytest.approx(limit / 2, abs=1e-15)
    assert flags == result.aupro.flags
    assert MetricValue(value=0.5, flags=flags) == result.pixel_auroc
    assert MetricValue(value=12 / 64, flags=flags) == result.pixel_average_precision


def test_a_perfect_map_is_exactly_one():
    mask = np.zeros((30, 30), bool)
    mask[:7, :7] = mask[10, 10] = mask[20:23, 5:24] = True
    result = accumulate([(mask.astype(np.float32), mask)]).result()
    values = (result.pixel_auroc, result.pixel_average_precision, result.pixel_f1_max, result.aupro)
    assert [value.value for value in values] == [1.0] * 4


def test_minus_zero_equals_zero_across_classes_and_images():
    scores = np.array([[0.0, -0.0]])
    images = [(scores, np.array([[True, False]])), (-scores, np.array([[True, False]]))]
    result = accumulate(images).result()
    assert MetricValue(value=0.5, flags=("constant_scores",)) == result.pixel_auroc
    alone = accumulate(
        [(np.array([[-0.0]]), np.ones((1, 1), bool)), (np.ones((1, 1)), np.zeros((1, 1), bool))]
    )
    assert math.copysign(1, alone.result().pixel_f1_max.threshold) == 1


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "no_positive_pixels"),
        ([(np.ones((2, 2)), np.zeros((2, 2), bool))], "no_positive_pixels"),
        ([(np.ones((2, 2)), np.ones((2, 2), bool))], "no_negative_pixels"),
    ],
)
def test_undefined_metrics_have_a_reason_and_no_value(images, reason):
    result = accumulate(images, **OPTIONS).result()
    undefined = MetricValue(reason=reason)
    assert undefined == result.au_spro
    assert None is result.aupimo.mean.value
    assert undefined == result.pixel_auroc
    assert undefined == result.pixel_average_precision
    assert undefined == result.pixel_f1_max
    assert undefined == result.aupro


def test_a_refused_map_leaves_the_accumulator_as_it_was():
    good = (np.array([[1.0, 2.0]]), np.array([[False, True]]))
    accumulator = accumulate([good], **OPTIONS)
    expected = accumulator.result()
    with pytest.raises(NonFiniteScoresError, match=r"2 of the scores .* first in 'part/a\.png'") as caught:
        accumulator.update(np.array([[math.nan, 0.0, math.inf]]), np.zeros((1, 3), bool), name="part/a.png")
    assert (2, "part/a.png") == (caught.value.count, caught.value.name)
    with pytest.raises(ValueError, match="added before: '0'"):
        accumulator.update(*good, name="0")
    with pytest.raises(ValueError, match="no name"):
        accumulator.update(*good)
    with pytest.raises(ValueError, match="shape"):
        accumulator.update(np.ones((2, 2)), np.zeros((2, 3), bool))
    with pytest.raises(ValueError, match="mask"):
        accumulator.update(np.ones((2, 2)), np.full((2, 2), 255, np.uint8))
    assert expected == accumulator.result()


def test_a_map_may_be_overwritten_after_it_was_added():
    scores, mask = np.array([[1.0, 2.0, 0.5]]), np.array([[False, True, False]])
    accumulator = accumulate([(scores, mask), (scores, np.zeros_like(mask))])
    expected = accumulator.result()
    scores[:] = 9
    mask[:] = False
    assert expected == accumulator.result()


def test_merging_leaves_the_other_as_it_was():
    left, right = (
        accumulate([(np.array([[value, 0.5]]), np.array([[True, False]]))]) for value in (0.0, 1.0)
    )
    expected = right.result()
    left.merge(right)
    left.update(np.ones((1, 2)), np.array([[True, False]]))
    assert expected == right.result()


@pytest.mark.parametrize(
    "other", [{"aupro_limit": 0.05}, {"saturation": 0.5}, {"aupimo_limits": (1e-3, 0.1)}]
)
def test_accumulators_of_different_options_do_not_merge(other):
    with pytest.raises(ValueError, match=next(iter(other))):
        PixelAccumulator().merge(PixelAccumulator(**other))


def test_shards_with_an_image_in_common_do_not_merge():
    images = [(np.ones((1, 1)), np.ones((1, 1), bool))]
    left, right = accumulate(images, **OPTIONS), accumulate(images, **OPTIONS)
    expected = left.result()
    with pytest.raises(ValueError, match="'0'"):
        left.merge(right)
    assert expected == left.result()


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.5, math.nan])
def test_a_limit_outside_0_to_1_is_refused(limit):
    with pytest.raises(ValueError, match="limit"):
        PixelAccumulator(limit)
    with pytest.raises(ValueError, match="saturation"):
        PixelAccumulator(saturation=limit)


@pytest.mark.real_data
@pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set")
@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_golden_maps_give_the_values_of_independent_implementations(limit):
    folder = Path(os.environ["PYIMGANO_REAL_DATA"]) / "vectors" / "golden"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["sets"]["cookies"]
    with np.load(folder / "cookies_r18patchcore.npz") as golden:
        images = list(zip(golden["maps"], golden["masks"] > 0, strict=True))
        scores, labels = golden["scores"], golden["labels"]
    result = accumulate(images, limit).result()
    assert result.n_regions == expected["regions_8conn"]
    assert result.aupro.value == pytest.approx(expected[f"aupro_exact_lim{limit}_8conn"], abs=1e-9)
    assert result.aupro.value == pytest.approx(expected[f"aupro_mvtecref_lim{limit}_thr5000"], abs=5e-5)
    assert result.pixel_auroc.value == pytest.approx(expected["pixel_auroc"], abs=1e-12)
    assert result.pixel_average_precision.value == pytest.approx(expected["pixel_ap"], abs=1e-12)
    assert auroc(scores, labels).value == pytest.approx(expected["image_auroc"], abs=1e-12)
    assert average_precision(scores, labels).value == pytest.approx(expected["image_ap"], abs=1e-12)
    best = f1_max(scores, labels)
    assert best.value == pytest.approx(expected["image_f1max"], abs=1e-12)
    assert best.threshold == expected["image_f1max_threshold"]


def test_scores_wait_on_disk_and_not_in_memory(monkeypatch):
    monkeypatch.setattr(_bags, "CHUNK", 1000)
    accumulator = PixelAccumulator()
    tracemalloc.start()
    for _ in range(100):
        accumulator.update(np.zeros((100, 100), np.float32), np.zeros((100, 100), bool))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000  # the scores are 4,000,000 bytes
    assert accumulator.result().n_negative_pixels == 1_000_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_an_error_that_says_where_and_what_to_do(monkeypatch):
    monkeypatch.setattr(_bags, "CHUNK", 1)
    accumulator = PixelAccumulator()
    for _ in range(2):
        accumulator.update(np.zeros((1, 1)), np.zeros((1, 1), bool))
    expected = accumulator.result()
    with Path("/dev/full").open("r+b", buffering=0) as full, monkeypatch.context() as patch:
        patch.setattr(accumulator._bags._spool._file, "_file", full)
        with pytest.raises(MachineError, match="TMPDIR"):
            accumulator.update(np.zeros((9, 9)), np.zeros((9, 9), bool))
    assert expected == accumulator.result()
