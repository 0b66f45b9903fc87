import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule, ReviewConfig
from pyimgano_core.metrics import clopper_pearson
from pyimgano_core.thresholds import (
    CalibrationOrigin,
    calibrate,
    conformal_p_values,
    false_positive_rate,
    review_band,
    summarize,
    verdict,
)

VAL = CalibrationOrigin(source="val")
NONE = CalibrationOrigin(source="none")

percents = st.integers(1, 99).map(lambda percent: percent / 100)
SCORES = np.arange(1, 201, dtype=np.float32)


def fixed(value):
    return calibrate(SCORES, CalibrationRule(method="fixed", value=value), VAL)


@pytest.mark.parametrize(
    ("score", "threshold", "label"),
    [
        (0.5, 0.5, "anomalous"),
        (0.4, 0.5, "normal"),
        (None, 0.5, None),
        (0.5, None, None),
        (np.float32(0.3), 0.3, "anomalous"),  # float32 0.3 is above the double
        (np.float32(0.7), 0.7, "normal"),  # and float32 0.7 below it
    ],
)
def test_a_verdict_is_anomalous_at_or_above_the_threshold(score, threshold, label):
    assert label == verdict(score, threshold)


@pytest.mark.parametrize(
    ("score", "label"),
    [(0.1, "normal"), (0.3, "review"), (0.4, "review"), (0.5, "anomalous"), (0.6, "anomalous")],
)
def test_scores_from_the_review_threshold_up_to_the_threshold_ask_for_a_person(score, label):
    assert label == verdict(score, 0.5, 0.3)


def test_a_review_threshold_alone_gives_no_verdict():
    assert verdict(0.6, None, 0.3) is None


def test_a_review_threshold_below_the_threshold_stays_as_it_is():
    threshold, review = (calibrate(SCORES, rule, VAL) for rule in (CalibrationRule(), ReviewConfig()))
    assert (199, 181) == (threshold.provenance.rank, review.provenance.rank)
    assert review == review_band(threshold, review)


@pytest.mark.parametrize("value", [5.0, 6.0])
def test_a_review_threshold_that_is_not_below_the_threshold_is_dropped(value):
    dropped = review_band(fixed(5.0), fixed(value))
    provenance = dropped.provenance
    assert (None, "not_below_threshold", None, None, None) == (
        dropped.value,
        provenance.reason,
        provenance.certificate,
        provenance.calibration_rate,
        provenance.calibration_false_positives,
    )
    words = f"the review threshold {value:g} is not below the threshold 5: there is no review band"
    assert (words,) == provenance.warnings


def test_a_review_threshold_that_has_no_value_keeps_its_reason():
    none = calibrate(np.empty(0), ReviewConfig(), NONE)
    assert none == review_band(fixed(5.0), none)
    assert "no_calibration_images" == none.provenance.reason


def test_no_threshold_is_no_review_band():
    none = calibrate(np.empty(0), CalibrationRule(), NONE)
    dropped = review_band(none, fixed(5.0))
    assert (None, "no_threshold") == (dropped.value, dropped.provenance.reason)


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(0, 9))
def test_the_false_positive_rate_counts_scores_at_or_above_the_threshold(scores, threshold):
    rate = false_positive_rate(scores, threshold, 0.9)
    flagged = sum(score >= threshold for score in scores)
    assert (flagged, len(scores), clopper_pearson(flagged, len(scores), level=0.9)) == (
        rate.count,
        rate.total,
        rate.interval,
    )


@given(st.lists(st.integers(0, 9), max_size=20), st.lists(st.integers(0, 9), max_size=20))
def test_p_values_equal_a_count(scores, calibration):
    expected = [(1 + sum(c >= s for c in calibration)) / (len(calibration) + 1) for s in scores]
    assert expected == conformal_p_values(scores, calibration).tolist()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), percents)
def test_a_p_value_within_alpha_and_the_conformal_threshold_flag_the_same(calibration, alpha):
    threshold = calibrate(calibration, CalibrationRule(alpha=alpha), VAL)
    if threshold.provenance.method == "conformal":
        scores = np.arange(-1.0, 52.0)
        at_most = conformal_p_values(scores, calibration) <= alpha + 1e-12
        assert at_most.tolist() == (scores >= threshold.value).tolist()


def test_p_values_of_float64_scores_are_not_rounded():
    close = 1.0 + np.array([0.0, 2.0**-50])
    assert [1.0, 0.5] == conformal_p_values(close, np.array([1.0], np.float32)).tolist()


def test_the_summary_describes_the_scores():
    summary = summarize(np.arange(101, dtype=np.float32))
    assert (101, 0.0, 100.0, 50.0) == (summary.count, summary.min, summary.max, summary.mean)
    assert {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0} == summary.quantiles


def test_no_scores_have_no_summary():
    assert summarize(np.empty(0, np.float32)) is None


def test_a_score_that_is_nan_has_no_verdict():
    with pytest.raises(ValueError, match="NaN"):
        verdict(float("nan"), 0.5)


def test_images_that_are_not_independent_have_a_rate_without_an_interval():
    rate = false_positive_rate([0.1, 0.9], 0.5, independent=False)
    assert (1, 2, 0.5, None, "grouped_images") == (
        rate.count, rate.total, rate.rate, rate.interval.low, rate.interval.reason,
    )  # fmt: skip
