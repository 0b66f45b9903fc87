"""Pixels that do not count: the metrics are those of images that never had them."""

import numpy as np
import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyimgano_core.metrics import (
    PixelAccumulator,
    PixelDecisionAccumulator,
    ScoredImage,
    Sketch,
    SketchAccumulator,
    auroc,
    average_precision,
)

SIDE, KEPT = 7, (slice(1, 6), slice(2, 6))
LEVELS = st.integers(-3, 3).map(lambda level: level / 4)
IMAGES = st.lists(
    st.tuples(arrays(np.float32, (SIDE, SIDE), elements=LEVELS), arrays(np.bool_, (SIDE, SIDE))),
    min_size=1,
    max_size=4,
)
INSIDE = np.zeros((SIDE, SIDE), bool)
INSIDE[KEPT] = True


def pixels(images, counted=None):
    accumulator = PixelAccumulator(0.3, saturation=0.5, aupimo_limits=(0.05, 0.6))
    for number, (scores, mask) in enumerate(images):
        label = bool(mask.any()) or None  # None: the mask tells it
        accumulator.update(scores, mask, name=str(number), anomalous=label, counted=counted)
    accumulator.update(*images[0][:1], np.zeros_like(images[0][1]), anomalous=False, counted=counted)
    return accumulator.result()


def decisions(images, counted=None):
    accumulator = PixelDecisionAccumulator(0.25, 2)
    for scores, mask in images:
        accumulator.update(scores, mask, counted=counted)
    return accumulator.result()


def sketch(images, counted=None):
    accumulator = SketchAccumulator(pixel_threshold=0.25, minimum_area=2, saturation=0.5)
    for number, (scores, mask) in enumerate(images):
        accumulator.update(
            ScoredImage(
                name=str(number), score=0.5, anomalous=True, scores=scores, mask=mask, counted=counted
            )
        )
    return accumulator.result()


def cropped(images):
    return [(scores[KEPT], mask[KEPT]) for scores, mask in images]


def fields_of(value, kind):
    return {field.name: getattr(value, field.name) for field in fields(kind)}


@given(IMAGES)
def test_what_is_cut_away_and_what_does_not_count_are_the_same(images):
    for _, mask in images:
        mask[3, 3] = True  # some of each defect is inside, so that it is an anomalous image either way
    assert pixels(cropped(images)) == pixels(images, INSIDE)
    assert decisions(cropped(images)) == decisions(images, INSIDE)
    expected, actual = (fields_of(each, Sketch) for each in (sketch(cropped(images)), sketch(images, INSIDE)))
    for name, value in expected.items():
        assert np.array_equal(value, actual[name]), name


@given(IMAGES, arrays(np.bool_, (SIDE, SIDE)))
def test_a_region_of_any_shape_counts_its_pixels_alone(images, counted):
    counted[0, :2] = True
    images[0][1][0, 0] = True
    for scores, mask in images:
        mask[0, 1] = False
        mask[~counted] = ~mask[~counted]  # whatever stands there
        scores[~counted] = 9
    with_normal = [*images, (images[0][0], np.zeros_like(images[0][1]))]
    scores = np.concatenate([scores[counted] for scores, _ in with_normal])
    labels = np.concatenate([mask[counted] for _, mask in with_normal])
    found = pixels(images, counted)
    assert auroc(scores, labels).value == pytest.approx(found.pixel_auroc.value)
    assert average_precision(scores, labels).value == pytest.approx(found.pixel_average_precision.value)
    total = decisions(images, counted).confusion
    assert np.count_nonzero(counted) * len(images) == total.tp + total.fp + total.tn + total.fn


def test_a_defect_outside_is_no_region_and_a_region_is_cut_at_the_border():
    mask = np.zeros((SIDE, SIDE), bool)
    mask[0, 0] = mask[5, :] = True
    scores = mask.astype(np.float32)
    result = decisions([(scores, mask)], INSIDE)
    assert (4, 0, 16, 0, 1.0) == (
        result.confusion.tp,
        result.confusion.fp,
        result.confusion.tn,
        result.confusion.fn,
        result.pro.value,
    )
    assert 1 == pixels([(scores, mask)], INSIDE).n_regions


@pytest.mark.parametrize(
    ("counted", "message"),
    [
        (np.ones((2, 2), bool), "counted is"),
        (np.ones((SIDE, SIDE)), "counted is"),
        (np.zeros((SIDE, SIDE), bool), "no pixel of the image counts"),
    ],
)
def test_a_wrong_account_of_what_counts_is_refused(counted, message):
    image = (np.zeros((SIDE, SIDE), np.float32), np.eye(SIDE, dtype=bool))
    for measure in (pixels, decisions, sketch):
        with pytest.raises(ValueError, match=message):
            measure([image], counted)
