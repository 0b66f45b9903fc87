import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.metrics import (
    ScoredImage,
    SketchAccumulator,
    SketchOptions,
    auroc,
    average_precision,
    sketch_metrics,
)
from pyimgano_workbench.curves import flagged_overlap, overlap, precision_recall, roc

SCORED = st.lists(st.tuples(st.integers(0, 8).map(float), st.integers(0, 1)), min_size=2, max_size=60)


def lines_of(scored):
    return [{"score": score, "y_true": label} for score, label in scored]


def area(curve):
    return float(np.trapezoid(curve.y, curve.x))


@given(SCORED.filter(lambda scored: len({label for _, label in scored}) == 2))
def test_the_areas_under_the_curves_are_the_metrics(scored):
    scores, labels = map(np.array, zip(*scored, strict=True))
    assert area(roc(lines_of(scored))) == pytest.approx(auroc(scores, labels).value)
    expected = average_precision(scores, labels).value
    assert area(precision_recall(lines_of(scored))) == pytest.approx(expected)


@given(SCORED.filter(lambda scored: len({label for _, label in scored}) == 1))
def test_images_of_one_kind_have_no_curve(scored):
    assert roc(lines_of(scored)) is None
    assert precision_recall(lines_of(scored)) is None


def test_images_without_a_score_do_not_count():
    lines = lines_of([(1.0, 0), (2.0, 1)])
    assert area(roc([*lines, {"score": None, "y_true": 1}])) == area(roc(lines)) == 1.0


def test_many_images_are_few_points_of_nearly_the_same_area():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 5000)
    scores = rng.normal(size=5000) + labels
    lines = lines_of(zip(scores.tolist(), labels.tolist(), strict=True))
    for curve, metric in ((roc(lines), auroc), (precision_recall(lines), average_precision)):
        assert len(curve.x) <= 200
        assert area(curve) == pytest.approx(metric(scores, labels).value, abs=0.005)
        assert (np.diff(curve.x) >= 0).all()


def sketch_of(maps, **options):
    accumulator = SketchAccumulator(**options)
    for index, (scores, mask) in enumerate(maps):
        anomalous = bool(mask.any())
        accumulator.update(
            ScoredImage(
                name=str(index), score=float(scores.max()), anomalous=anomalous, scores=scores, mask=mask
            )
        )
    return accumulator.result()


@pytest.fixture
def maps():
    rng = np.random.default_rng(1)
    masks = np.zeros((6, 32, 32), np.bool_)
    for index in range(4):
        masks[index, 3 : 8 + index, 4:12] = masks[index, 20:24, 20:30] = True
    return [(rng.normal(size=(32, 32)).astype(np.float32) + 1.5 * mask, mask) for mask in masks]


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_the_area_under_the_overlap_curve_is_aupro(maps, limit):
    sketch = sketch_of(maps)
    curve = overlap(sketch, limit)
    expected = sketch_metrics(sketch, options=SketchOptions(aupro_limit=limit))["aupro"].value
    assert area(curve) / limit == pytest.approx(expected, abs=0.005)
    assert curve.x[-1] == limit
    assert len(curve.x) <= 200


def test_the_deployed_pixel_threshold_is_a_point_of_the_curve(maps):
    sketch = sketch_of(maps, pixel_threshold=1.0)
    rate, share = flagged_overlap(sketch)
    curve = overlap(sketch, 1.0)
    assert share == pytest.approx(np.interp(rate, curve.x, curve.y), abs=0.01)


def test_without_a_pixel_threshold_there_is_no_point(maps):
    assert flagged_overlap(sketch_of(maps)) is None


def test_without_defects_there_is_no_overlap(maps):
    sketch = sketch_of(maps[4:], pixel_threshold=1.0)
    assert overlap(sketch, 0.3) is None
    assert flagged_overlap(sketch) is None
