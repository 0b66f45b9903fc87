import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import ThresholdConfig
from pyimgano_core.splits import needed_normals
from pyimgano_core.thresholds import calibrate, quantile_warnings, summarize, verdict

floats = st.floats(-(2.0**100), 2.0**100, width=32)
score_lists = st.lists(floats, min_size=1, max_size=60).map(lambda values: np.array(values, np.float32))
quantiles = st.floats(0.001, 1.0)
FIXED = ThresholdConfig(method="fixed", value=0.1)


def quantile_of(scores, quantile=0.995, **options):
    array = np.array(scores, dtype=np.float32)
    return calibrate(array, ThresholdConfig(quantile=quantile), source="val", **options)


def test_the_threshold_lies_just_above_the_score_of_its_rank():
    threshold = quantile_of(np.arange(1, 11), 0.8)
    assert 8 == threshold.provenance.rank
    assert float(np.nextafter(np.float32(8), np.float32(np.inf))) == threshold.value
    assert 2 == threshold.provenance.calibration_false_positives


@pytest.mark.parametrize(
    ("count", "quantile", "rank"),
    [
        (10, 0.8, 8),
        (10, 0.81, 9),
        (200, 0.995, 199),
        (199, 0.995, 199),
        (7, 1.0, 7),
        (1, 0.001, 1),
        (10, 0.7, 7),
    ],
)
def test_the_rank_is_the_quantile_of_the_count_rounded_up(count, quantile, rank):
    assert rank == quantile_of(np.arange(count), quantile).provenance.rank


@given(score_lists, quantiles)
def test_no_more_calibration_images_are_flagged_than_stand_above_the_rank(scores, quantile):
    threshold = quantile_of(scores, quantile)
    provenance = threshold.provenance
    flagged = sum(verdict(float(score), threshold.value) == "anomalous" for score in scores)
    assert provenance.calibration_false_positives == flagged
    assert flagged <= len(scores) - provenance.rank
    assert np.float32(threshold.value) == threshold.value
    assert flagged / len(scores) <= 1 - quantile + 1e-9


@given(score_lists, quantiles, st.randoms())
def test_the_order_of_the_scores_does_not_matter(scores, quantile, random):
    shuffled = list(scores)
    random.shuffle(shuffled)
    first, second = quantile_of(scores, quantile), quantile_of(shuffled, quantile)
    assert (first.value, first.provenance.rank) == (second.value, second.provenance.rank)


@given(st.integers(1, 2000), st.floats(0.01, 0.9995))
def test_the_threshold_is_the_maximum_exactly_where_the_warning_says_so(count, quantile):
    rank = quantile_of(np.arange(count), quantile).provenance.rank
    assert (rank == count) == bool(quantile_warnings(count, quantile))


@pytest.mark.parametrize(("quantile", "needed"), [(0.995, 200), (0.99, 100), (0.9, 10), (0.5, 2), (1.0, 1)])
def test_the_normals_that_a_quantile_needs(quantile, needed):
    assert needed == needed_normals(quantile)


def test_too_few_normals_are_a_warning_with_numbers():
    [warning] = quantile_of([1.0, 2.0]).provenance.warnings
    assert (
        "the 0.995 quantile needs 200 calibration normals and has 2: the threshold is their maximum"
        == warning
    )


def test_the_maximum_that_was_asked_for_is_no_warning():
    assert () == quantile_of([1.0, 2.0], 1.0).provenance.warnings


def test_no_calibration_image_is_no_threshold_with_a_reason():
    none = np.empty(0, np.float32)
    threshold = calibrate(none, ThresholdConfig(), source="none", fallback="too_few_normals")
    provenance = threshold.provenance
    assert (None, "no_calibration_images", "too_few_normals", 0, None) == (
        threshold.value,
        provenance.reason,
        provenance.fallback,
        provenance.calibration_count,
        provenance.score_summary,
    )


def test_the_provenance_tells_where_the_scores_come_from():
    provenance = quantile_of(
        [1.0, 2.0], groups=2, fallback="single_group", score_source="map_maximum"
    ).provenance
    assert ("val", 2, "single_group", "map_maximum", 2, ">=") == (
        provenance.source,
        provenance.calibration_groups,
        provenance.fallback,
        provenance.score_source,
        provenance.calibration_count,
        provenance.comparison,
    )


def test_a_fixed_threshold_is_the_configs_to_the_bit():
    threshold = calibrate(np.array([0.5, 0.05], np.float32), FIXED, source="val")
    assert (0.1, "config", 1) == (
        threshold.value,
        threshold.provenance.source,
        threshold.provenance.calibration_false_positives,
    )


@pytest.mark.parametrize(("value", "flagged"), [(0.3, 1), (0.7, 0)])
def test_a_fixed_threshold_is_not_rounded_to_the_scores_float32(value, flagged):
    config = ThresholdConfig(method="fixed", value=value)
    threshold = calibrate(np.array([value], np.float32), config, source="val")
    assert flagged == threshold.provenance.calibration_false_positives


def test_a_fixed_pixel_threshold_is_its_own_value_or_none():
    scores = np.array([0.5], np.float32)
    config = ThresholdConfig(method="fixed", value=0.1, pixel_value=0.7)
    assert 0.7 == calibrate(scores, config, source="val", score_source="map_maximum").value
    without = calibrate(scores, FIXED, source="val", score_source="map_maximum")
    assert (None, "no_fixed_pixel_value") == (without.value, without.provenance.reason)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_an_error(bad):
    with pytest.raises(ValueError, match="must be finite"):
        quantile_of([1.0, bad])


def test_the_summary_describes_the_scores():
    summary = summarize(np.arange(101, dtype=np.float32))
    assert (101, 0.0, 100.0, 50.0) == (summary.count, summary.min, summary.max, summary.mean)
    assert {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0} == summary.quantiles


def test_no_scores_have_no_summary():
    assert summarize(np.empty(0, np.float32)) is None


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
