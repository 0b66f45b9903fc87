import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule, ThresholdConfig
from pyimgano_core.metrics import clopper_pearson
from pyimgano_core.thresholds import CalibrationOrigin, calibrate

VAL = CalibrationOrigin(source="val")
NONE = CalibrationOrigin(source="none")

ANY = [CalibrationRule(method=m) for m in ("conformal", "quantile", "fpr", "gaussian", "mad", "evt")]
FIXED = CalibrationRule(method="fixed", value=0.1)


def named(rule):
    return rule.method


def threshold_of(count, method="conformal", **options):
    rule = CalibrationRule(method=method)
    of_threshold = {name: options.pop(name) for name in ("score_source", "minimum_area") if name in options}
    origin = CalibrationOrigin(source="val", **options)
    return calibrate(np.arange(count, dtype=np.float32), rule, origin, **of_threshold)


def certificate_of(count, method="conformal", **options):
    certificate = threshold_of(count, method, **options).provenance.certificate
    return certificate.target, certificate.level, certificate.confidence, certificate.reason


def test_the_default_is_conformal_at_one_in_a_hundred():
    provenance = calibrate(np.arange(99), ThresholdConfig(), VAL).provenance
    assert ("conformal", {"alpha": 0.01}, ()) == (
        provenance.method,
        provenance.parameters,
        provenance.fallbacks,
    )


def test_too_few_normals_for_it_fall_back_to_the_quantile_and_say_how_many_would_do():
    provenance = calibrate(np.arange(98), ThresholdConfig(), VAL).provenance
    [step] = provenance.fallbacks
    assert ("quantile", "conformal", 0.995, 98, {"quantile": 0.995}) == (
        provenance.method,
        provenance.requested,
        provenance.quantile,
        provenance.rank,
        provenance.parameters,
    )
    assert ("conformal", "too_few_normals", 99, 98) == (step.method, step.reason, step.needed, step.available)
    assert (
        "the 0.995 quantile needs 200 calibration normals and has 98: the threshold is their maximum",
    ) == provenance.warnings


def test_what_was_asked_for_and_followed_has_no_fallback():
    for rule in ANY:
        provenance = calibrate(np.random.default_rng(0).random(700), rule, VAL).provenance
        assert (rule.method, rule.method, ()) == (
            provenance.method,
            provenance.requested,
            provenance.fallbacks,
        )


@pytest.mark.parametrize(
    ("count", "method", "certificate"),
    [
        (99, "conformal", (0.01, 0.01, None, None)),
        (200, "conformal", (0.01, 2 / 201, None, None)),
        (98, "conformal", (0.01, 1 / 99, None, "too_few_normals")),
        (300, "fpr", (0.01, 0.01, 0.95, None)),
        (50, "fpr", (0.01, 1 / 51, None, "too_few_normals")),
        (250, "fpr", (0.01, 2 / 251, None, "too_few_normals")),  # the rate is kept, but not for sure
        (200, "quantile", (None, 2 / 201, None, None)),
        (3, "quantile", (None, 1 / 4, None, None)),
        (50, "evt", (0.01, 1 / 51, None, "too_few_normals")),
        (450, "evt", (0.01, 3 / 451, None, None)),
        (1, "gaussian", (None, 1 / 2, None, None)),
    ],
)
def test_a_rank_certifies_the_share_of_gaps_above_it(count, method, certificate):
    assert certificate == certificate_of(count, method)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"disjoint_from_train": False}, "fitted_images"),
        ({"groups": 199}, "grouped_images"),
        ({"groups": 1, "fallback": "single_group"}, "grouped_images"),
        ({"groups": 20, "disjoint_from_train": False}, "fitted_images"),
    ],
)
@pytest.mark.parametrize("method", ["conformal", "fpr", "quantile"])
def test_images_that_are_not_exchangeable_with_new_ones_certify_nothing(method, options, reason):
    target = None if method == "quantile" else 0.01
    assert (target, None, None, reason) == certificate_of(200, method, **options)


def test_one_image_of_the_group_that_was_fitted_certifies_nothing():
    assert "grouped_images" == certificate_of(1, groups=1, fallback="single_group")[-1]


def test_images_each_of_its_own_group_are_independent():
    assert (0.01, 0.01, None, None) == certificate_of(99, groups=99)


@pytest.mark.parametrize("rule", ANY, ids=named)
def test_no_calibration_image_is_no_threshold_with_a_reason(rule):
    none = np.empty(0, np.float32)
    threshold = calibrate(none, rule, CalibrationOrigin(source="none", fallback="too_few_normals"))
    provenance = threshold.provenance
    assert (None, "no_calibration_images", "too_few_normals", 0, None, None, "no_calibration_images") == (
        threshold.value,
        provenance.reason,
        provenance.fallback,
        provenance.calibration_count,
        provenance.score_summary,
        provenance.calibration_rate,
        provenance.certificate.reason,
    )


def test_the_provenance_tells_where_the_scores_come_from():
    provenance = threshold_of(
        2, groups=2, fallback="single_group", score_source="map_maximum", disjoint_from_test=False
    ).provenance
    assert ("val", 2, "single_group", "map_maximum", "image", 2, ">=", True, False) == (
        provenance.source,
        provenance.calibration_groups,
        provenance.fallback,
        provenance.score_source,
        provenance.score_resolution,
        provenance.calibration_count,
        provenance.comparison,
        provenance.disjoint_from_train,
        provenance.disjoint_from_test,
    )
    assert "model_input" == threshold_of(2).provenance.score_resolution


@given(st.sampled_from(ANY), st.integers(1, 40), st.integers(0, 99))
def test_the_rate_on_the_calibration_images_is_counted_with_its_interval(rule, count, seed):
    scores = np.random.default_rng(seed).random(count).astype(np.float32)
    threshold = calibrate(scores, rule, VAL, level=0.8)
    flagged = int((scores.astype(np.float64) >= threshold.value).sum())
    rate = threshold.provenance.calibration_rate
    assert (flagged, count, flagged / count, clopper_pearson(flagged, count, level=0.8)) == (
        rate.count,
        rate.total,
        rate.rate,
        rate.interval,
    )
    assert flagged == threshold.provenance.calibration_false_positives


def test_a_minimum_area_travels_with_the_threshold():
    assert (7, 1) == (threshold_of(3, minimum_area=7).minimum_area, threshold_of(3).minimum_area)


def test_a_fixed_threshold_is_the_configs_to_the_bit():
    threshold = calibrate(np.array([0.5, 0.05], np.float32), FIXED, VAL)
    provenance = threshold.provenance
    assert (0.1, "config", 1, "fixed_by_config") == (
        threshold.value,
        provenance.source,
        provenance.calibration_false_positives,
        provenance.certificate.reason,
    )


def test_a_fixed_threshold_needs_no_calibration_image():
    threshold = calibrate(np.empty(0, np.float32), FIXED, NONE)
    assert (0.1, None, 0) == (
        threshold.value,
        threshold.provenance.reason,
        threshold.provenance.calibration_rate.total,
    )


@pytest.mark.parametrize(("value", "flagged"), [(0.3, 1), (0.7, 0)])
def test_a_fixed_threshold_is_not_rounded_to_the_scores_float32(value, flagged):
    rule = CalibrationRule(method="fixed", value=value)
    threshold = calibrate(np.array([value], np.float32), rule, VAL)
    assert flagged == threshold.provenance.calibration_false_positives


def test_a_fixed_pixel_threshold_is_its_own_value_or_none():
    scores = np.array([0.5], np.float32)
    assert 0.7 == calibrate(scores, FIXED, VAL, score_source="map_maximum", value=0.7).value
    without = calibrate(scores, FIXED, VAL, score_source="region_maximum")
    assert (None, "no_fixed_pixel_value") == (without.value, without.provenance.reason)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_an_error(bad):
    with pytest.raises(ValueError, match="1 of the scores is NaN or infinite"):
        calibrate(np.array([1.0, bad]), CalibrationRule(), VAL)


def test_maps_instead_of_scores_are_an_error():
    with pytest.raises(ValueError, match=r"one per image \(N,\), not \(2, 2\)"):
        calibrate(np.zeros((2, 2)), CalibrationRule(), VAL)


def test_copies_certify_nothing():
    copies = threshold_of(120, distinct=119).provenance
    assert (None, "duplicate_images", 119) == (
        copies.certificate.level,
        copies.certificate.reason,
        copies.calibration_distinct_count,
    )
    assert "grouped_images" == copies.calibration_rate.interval.reason
    assert certificate_of(120, distinct=120) == certificate_of(120)


def test_images_that_may_have_been_fitted_certify_nothing():
    assert (0.01, None, None, "unknown_images") == certificate_of(120, disjoint_from_train=None)


def test_scores_at_the_end_of_their_type_give_no_threshold():
    scores = np.full(200, np.finfo(np.float32).max)
    threshold = calibrate(scores, CalibrationRule(method="quantile"), VAL)
    assert (None, "scores_too_large") == (threshold.value, threshold.provenance.reason)
