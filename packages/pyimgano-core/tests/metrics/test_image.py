import json
import math
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pyimgano_core.contracts.metric import Confusion, MetricValue
from pyimgano_core.metrics import (
    NonFiniteScoresError,
    auroc,
    average_precision,
    confusion,
    f1_max,
    fpr_at_tpr,
    normals_passed,
    tpr_at_fpr,
)

METRICS = (auroc, average_precision, f1_max)
RATES = (tpr_at_fpr, fpr_at_tpr, normals_passed)


@st.composite
def labelled_scores(draw):
    """Few levels, hence many ties; both classes present."""
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=60))]
    levels = st.integers(-4, 4).map(lambda level: level / 4)
    scores = draw(st.lists(levels, min_size=len(labels), max_size=len(labels)))
    return np.array(scores, np.float32), np.array(labels)


def sklearn_f1_max(scores, labels):
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    f1 = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision[:-1], recall[:-1], strict=True)]
    best = max(f1)
    largest = max(
        t for t, value in zip(thresholds, f1, strict=True) if math.isclose(value, best, rel_tol=1e-12)
    )
    return best, largest


@given(labelled_scores())
def test_values_equal_scikit_learn_with_ties(case):
    scores, labels = case
    assert auroc(scores, labels).value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    expected = average_precision_score(labels, scores)
    assert average_precision(scores, labels).value == pytest.approx(expected, abs=1e-12)
    best, threshold = sklearn_f1_max(scores, labels)
    assert f1_max(scores, labels).value == pytest.approx(best, abs=1e-12)
    assert f1_max(scores, labels).threshold == threshold


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
def test_values_equal_scikit_learn_on_every_dtype(seed, dtype):
    rng = np.random.default_rng(seed)
    labels = rng.random(500) < 0.2
    scores = (rng.normal(100, 20, 500) + 20 * labels).astype(dtype)
    wide = scores.astype(np.float64)
    assert auroc(scores, labels).value == pytest.approx(roc_auc_score(labels, wide), abs=1e-12)
    expected = average_precision_score(labels, wide)
    assert average_precision(scores, labels).value == pytest.approx(expected, abs=1e-12)
    assert f1_max(scores, labels).value == pytest.approx(sklearn_f1_max(wide, labels)[0], abs=1e-12)


@given(labelled_scores())
def test_strictly_increasing_transforms_and_order_change_no_value(case):
    scores, labels = case
    moved = np.exp(3 * scores.astype(np.float64)) - 1000
    for metric in METRICS:
        assert metric(scores, labels).value == metric(moved, labels).value
        assert metric(scores, labels) == metric(scores[::-1], labels[::-1])


@given(labelled_scores())
def test_the_threshold_of_f1_max_attains_it(case):
    scores, labels = case
    best = f1_max(scores, labels)
    assert confusion(scores, labels, best.threshold).f1 == best.value


def test_a_perfect_separation_is_one_in_every_metric():
    labels = [0, 0, 1, 1]
    assert auroc([0, 0, 1, 1], labels).value == 1.0
    assert average_precision([0, 0, 1, 1], labels).value == 1.0
    assert f1_max([0.0, 0.5, 2.0, 3.0], labels) == MetricValue(value=1.0, threshold=2.0)


def test_minus_zero_equals_zero():
    scores, labels = np.array([0.0, -0.0, -0.0, 0.0]), [0, 0, 1, 1]
    assert auroc(scores, labels) == MetricValue(value=0.5, flags=("constant_scores",))
    assert math.copysign(1, f1_max([-0.0, 1.0], [1, 0]).threshold) == 1


def test_constant_scores_are_flagged():
    labels = [0, 0, 0, 1]
    values = [metric(np.full(4, 7.0), labels) for metric in METRICS]
    assert [value.value for value in values] == [0.5, 0.25, 0.4]
    assert [value.flags for value in values] == [("constant_scores",)] * 3


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("labels", "reason"), [([], "no_positives"), ([0, 0], "no_positives"), ([1, 1], "no_negatives")]
)
def test_an_undefined_metric_has_a_reason_and_no_value(metric, labels, reason):
    assert MetricValue(reason=reason) == metric(np.arange(len(labels), dtype=float), labels)


@pytest.mark.parametrize("metric", [*METRICS, *RATES])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_an_error_that_names_the_first_image(metric, bad):
    with pytest.raises(NonFiniteScoresError, match=r"2 of the scores .* first in 'image 1'") as caught:
        metric([0.0, bad, bad], [0, 1, 0])
    assert (2, "image 1") == (caught.value.count, caught.value.name)
    with pytest.raises(NonFiniteScoresError, match=r"first in 'b\.png'"):
        metric([0.0, bad, bad], [0, 1, 0], names=["a.png", "b.png", "c.png"])


def test_names_are_one_per_image():
    with pytest.raises(ValueError, match="2 names and 1 scores"):
        auroc([1.0], [1], names=["a", "b"])


@pytest.mark.parametrize(
    ("scores", "labels"), [([1.0, 2.0], [1]), ([[1.0]], [[1]]), ([1.0], [0.9]), ([1.0], [2])]
)
def test_shapes_and_labels_that_make_no_sense_are_refused(scores, labels):
    with pytest.raises(ValueError, match=r"row|label"):
        auroc(scores, labels)


LONG = [np.ones(1, np.longdouble)] if np.finfo(np.longdouble).bits > 64 else []


@pytest.mark.parametrize("scores", [["a"], [1j], *LONG])
def test_scores_that_are_no_real_numbers_are_refused(scores):
    with pytest.raises(TypeError, match="real numbers"):
        auroc(scores, [1])


def test_confusion_counts_a_score_at_the_threshold_as_anomalous():
    expected = Confusion(tp=1, fp=1, tn=2, fn=1)
    actual = confusion([0.5, 0.4, 0.1, 0.5, 0.2], [0, 0, 0, 1, 1], 0.5)
    assert expected == actual
    assert (actual.precision, actual.recall, actual.f1, actual.accuracy) == (0.5, 0.5, 0.5, 0.6)
    assert actual.specificity == 2 / 3


def test_confusion_does_not_round_a_float64_threshold_to_float32():
    scores = np.ones(1, np.float32)
    assert confusion(scores, [0], float(np.nextafter(1.0, 2.0))) == Confusion(tp=0, fp=0, tn=1, fn=0)


def test_ratios_without_a_denominator_are_none():
    none = Confusion(tp=0, fp=0, tn=0, fn=0)
    assert (none.precision, none.recall, none.specificity, none.f1, none.accuracy) == (None,) * 5


def test_confusion_refuses_a_score_or_a_threshold_that_is_nan():
    with pytest.raises(NonFiniteScoresError, match=r"'a\.png'"):
        confusion([math.nan], [1], 0.5, names=["a.png"])
    with pytest.raises(ValueError, match="threshold"):
        confusion([1.0], [1], math.nan)


def scores_of(fpr, tpr):
    """Rebuild scores and labels from a ROC curve: step k gives its images the score -k."""
    n_normal = math.lcm(*(Fraction(x).limit_denominator(200).denominator for x in fpr))
    n_anomalous = math.lcm(*(Fraction(x).limit_denominator(200).denominator for x in tpr))
    normal = np.diff(np.rint(np.array(fpr) * n_normal)).astype(int)
    anomalous = np.diff(np.rint(np.array(tpr) * n_anomalous)).astype(int)
    levels = -np.arange(len(normal), dtype=float)
    scores = np.concatenate([np.repeat(levels, normal), np.repeat(levels, anomalous)])
    return scores, np.repeat([0, 1], [n_normal, n_anomalous])


@pytest.mark.real_data
@pytest.mark.skipif("PYIMGANO_REAL_DATA" not in os.environ, reason="PYIMGANO_REAL_DATA is not set")
@pytest.mark.parametrize("size", ["small", "medium"])
def test_published_roc_curves_have_their_published_area(size):
    folder = Path(os.environ["PYIMGANO_REAL_DATA"]) / "vectors" / "efficientad_results"
    published = json.loads((folder / f"mvtec_ad_{size}.json").read_text(encoding="utf-8"))
    curves = {name: entry for name, entry in published.items() if isinstance(entry, dict)}
    assert len(curves) == 15
    for entry in curves.values():
        scores, labels = scores_of(
            entry["classification_roc_curve_fpr"], entry["classification_roc_curve_tpr"]
        )
        assert auroc(scores, labels).value == pytest.approx(entry["classification_au_roc"], abs=1e-12)


def slow_rates(scores, labels):
    """Return the exact (fpr, tpr) of every threshold, one above all scores included."""
    normal, anomalous = scores[labels == 0], scores[labels == 1]
    return [
        (
            Fraction(int((normal >= threshold).sum()), len(normal)),
            Fraction(int((anomalous >= threshold).sum()), len(anomalous)),
        )
        for threshold in [*np.unique(scores), np.inf]
    ]


@given(labelled_scores(), st.integers(0, 19))
def test_rates_at_a_rate_equal_a_loop_over_all_thresholds(case, twentieths):
    scores, labels = case
    rates = slow_rates(scores, labels)
    share, exact = twentieths / 20, Fraction(twentieths, 20)
    found = max(tpr for fpr, tpr in rates if fpr <= exact)
    flagged = min(fpr for fpr, tpr in rates if tpr >= 1 - exact)
    passed = max(1 - fpr for fpr, tpr in rates if 1 - tpr <= exact)
    assert float(found) == tpr_at_fpr(scores, labels, share).value
    assert float(flagged) == fpr_at_tpr(scores, labels, (20 - twentieths) / 20).value
    assert float(passed) == normals_passed(scores, labels, share).value


@given(labelled_scores(), st.sampled_from([0.0, 0.05, 0.3, 0.5]))
def test_the_threshold_of_a_rate_attains_it(case, share):
    scores, labels = case
    found, passed = tpr_at_fpr(scores, labels, share), normals_passed(scores, labels, share)
    if found.threshold is None:
        assert found.value == 0.0
    else:
        decided = confusion(scores, labels, found.threshold)
        assert decided.recall == found.value
        assert decided.fp <= share * (decided.fp + decided.tn)
    decided = confusion(scores, labels, passed.threshold)
    assert decided.specificity == passed.value
    assert decided.fn <= share * (decided.fn + decided.tp)


@given(labelled_scores())
def test_strictly_increasing_transforms_and_order_change_no_rate(case):
    scores, labels = case
    moved = np.exp(3 * scores.astype(np.float64)) - 1000
    for metric in RATES:
        assert metric(scores, labels).value == metric(moved, labels).value
        assert metric(scores, labels) == metric(scores[::-1], labels[::-1])


def test_a_tie_is_flagged_whole_or_not_at_all():
    scores, labels = [1.0, 1.0, 0.0, 0.0], [1, 0, 1, 0]
    assert MetricValue(value=0.0) == tpr_at_fpr(scores, labels, 0.49)
    assert MetricValue(value=0.5, threshold=1.0) == tpr_at_fpr(scores, labels, 0.5)


@pytest.mark.parametrize("metric", RATES)
def test_an_undefined_rate_has_a_reason_and_an_impossible_one_is_refused(metric):
    assert MetricValue(reason="no_positives") == metric([1.0], [0])
    assert MetricValue(reason="no_negatives") == metric([1.0], [1])
    for rate in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="rate"):
            metric([0.0, 1.0], [0, 1], rate)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_that_float64_can_not_tell_apart_are_refused(dtype):
    largest = 2**53
    kept = np.array([largest - 1, largest], dtype)
    assert MetricValue(value=1.0) == auroc(kept, [0, 1])
    with pytest.raises(ValueError, match=r"9007199254740993: beyond 2\*\*53"):
        auroc(kept + dtype(1), [0, 1])
    with pytest.raises(ValueError, match=r"beyond 2\*\*53"):
        auroc([-largest - 1, 0], [0, 1])
    with pytest.raises(TypeError, match="64 bits"):
        auroc([2**64, 0], [0, 1])
