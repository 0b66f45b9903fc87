import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.config import CalibrationRule, ReviewConfig, ThresholdConfig
from pyimgano_core.contracts.metric import Interval
from pyimgano_core.contracts.report import ReviewCounts
from pyimgano_core.contracts.threshold import Certificate, FallbackStep, ThresholdProvenance
from pyimgano_core.metrics import observed_rate
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, review_band
from pyimgano_core.words import (
    certificate_in_words,
    certified_in_words,
    fallback_in_words,
    pixel_threshold_in_words,
    review_in_words,
    threshold_in_words,
)

VAL = CalibrationOrigin(source="val")

FOUR = np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32)
THOUSAND = np.random.default_rng(5).exponential(size=1000).astype(np.float32)


def words_of(rule, scores=FOUR, source="val", **provenance):
    threshold = calibrate(scores, rule, CalibrationOrigin(source=source))
    return threshold_in_words(evolve(threshold, provenance=evolve(threshold.provenance, **provenance)))


def test_a_quantile_is_told_with_its_rank_and_its_images():
    text = words_of(CalibrationRule(method="quantile", quantile=0.75))
    assert text.startswith(
        "The threshold 3 lies just above calibration score number 3 of 4 from below, the 0.75 quantile of "
        "normal images of the val split, none of which was fitted or tested. "
    )


def test_images_from_a_site_are_told_as_such():
    text = words_of(CalibrationRule(method="gaussian"), source="site", disjoint_from_train=None)
    assert "of normal images from the site, of which it is not known whether they were fitted" in text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (CalibrationRule(), "number 991 of 1000 from below (conformal at 1 %) of normal images"),
        (CalibrationRule(method="fpr"), "from below (fpr at 1 %) of normal images"),
        (CalibrationRule(method="gaussian", k=2.0), "is the mean of 1000 calibration scores plus 2 standard"),
        (CalibrationRule(method="mad"), "is the median of 1000 calibration scores plus 3 times their robust"),
        (CalibrationRule(method="evt", alpha=0.001), "is exceeded by 0.1 % of a generalised Pareto tail"),
        (CalibrationRule(method="fixed", value=2.5), "The threshold 2.5 is fixed by the config."),
    ],
    ids=lambda value: value.method if isinstance(value, CalibrationRule) else "",
)
def test_every_method_says_how_it_came_to_its_threshold(rule, words):
    assert words in words_of(rule, THOUSAND)


@pytest.mark.parametrize("method", ["gaussian", "mad"])
def test_the_sum_that_is_told_is_the_threshold(method):
    text = words_of(CalibrationRule(method=method), THOUSAND)
    told = text.rpartition("deviations (" if method == "gaussian" else "from it (")[2].partition(")")[0]
    told = told.replace("times", "*")
    centre, _, spread = told.partition(" + ")
    product = np.prod([float(factor) for factor in spread.split(" * ")])
    assert float(text.split()[2]) == pytest.approx(float(centre) + product, rel=1e-3)


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        ({"disjoint_from_train": False}, "copies of some of which were fitted."),
        ({"disjoint_from_test": False}, "copies of some of which were tested."),
        ({"disjoint_from_train": False, "disjoint_from_test": False}, "which were fitted and tested."),
    ],
)
def test_copies_are_told(shared, words):
    text = words_of(CalibrationRule(method="quantile", quantile=0.75), **shared)
    assert words in text
    assert "none of which" not in text


def test_a_method_that_was_asked_for_in_vain_is_told_with_what_it_needs():
    text = words_of(CalibrationRule(), THOUSAND[:40])
    asked = "conformal at alpha 0.01 needs 99 calibration normals and has 40"
    expected = f"{asked}; quantile 0.995 instead (59 more would do, or"
    assert expected in text


def test_too_few_images_and_a_fallback_are_notes():
    text = words_of(CalibrationRule(method="quantile"), source="train_holdout", fallback="single_group")
    assert "Note: the 0.995 quantile needs 200 calibration normals and has 4" in text
    assert "Note: they share their only group with fitted images." in text


def test_without_calibration_images_there_is_no_threshold():
    none = np.empty(0, dtype=np.float32)
    expected = (
        "There is no threshold and so no verdict: there are no calibration images; add normal images, split "
        'some off as val, or set threshold.method = "fixed".'
    )
    assert expected == words_of(CalibrationRule(), none, source="none")


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (
            Certificate(target=0.01, level=0.0099),
            "Of future images like these normals, on average at most 0.99 % raise a false alarm.",
        ),
        (
            Certificate(target=0.01, level=0.01, confidence=0.95),
            "With 95 % confidence, at most 1 % of future images like these normals raise a false alarm.",
        ),
        (
            Certificate(target=0.01, level=1 / 41, reason="too_few_normals"),
            (
                "Of future images like these normals, on average at most 2.44 % raise a false alarm; "
                "1 % was asked for, but there are too few calibration normals."
            ),
        ),
        (
            Certificate(reason="method_assumes_a_distribution"),
            "No rate is certified: the method assumes a distribution of the scores.",
        ),
    ],
)
def test_what_is_certain_is_one_sentence(certificate, expected):
    provenance = ThresholdProvenance(method="quantile", certificate=certificate)
    assert expected == certificate_in_words(provenance)


def test_a_rate_that_was_asked_for_with_confidence_is_told_as_such():
    text = words_of(CalibrationRule(method="fpr", alpha=0.3))
    assert "; 30 % with 95 % confidence was asked for, but there are too few calibration" in text


def test_a_rate_of_grouped_images_says_why_it_has_no_interval():
    grouped = observed_rate(1, 4, independent=False)
    text = words_of(CalibrationRule(), test_rate=grouped)
    assert "1 of 4 test normals (25.0 %, no interval: images of one group are not independent)" in text


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (None, None, ", of which it is not known whether they were fitted or tested."),
        (
            None,
            False,
            ", of which it is not known whether they were fitted, copies of some of which were tested.",
        ),
    ],
)
def test_what_is_not_known_of_copies_is_told(train, test, words):
    assert words in words_of(CalibrationRule(), disjoint_from_train=train, disjoint_from_test=test)


@pytest.mark.parametrize(
    ("reason", "needed", "available", "remedy"),
    [
        ("too_few_normals", 99, 40, "(59 more would do, or ask for another method)"),
        ("too_few_exceedances", 50, 4, "(add normal images, or ask for another method)"),
        ("no_spread", None, None, "(look whether the calibration images are copies of one, or ask"),
    ],
)
def test_a_method_that_was_replaced_says_what_to_do(reason, needed, available, remedy):
    step = FallbackStep(method="m", reason=reason, message="why", needed=needed, available=available)
    provenance = ThresholdProvenance(method="quantile", quantile=0.9, fallbacks=(step,))
    assert fallback_in_words(provenance).startswith(f"why; quantile 0.9 instead {remedy}")


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        (Certificate(target=0.01, level=0.0098), "0.98 % on average"),
        (Certificate(level=0.01, confidence=0.95), "1 % with 95 % confidence"),
        (
            Certificate(target=0.01, level=0.0476, reason="too_few_normals"),
            "4.76 % on average: there are too few calibration normals",
        ),
        (Certificate(reason="fixed_by_config"), "none: the threshold was fixed and not calibrated"),
        (Certificate(), "none: the reason is not known"),
        (None, "-"),
    ],
)
def test_what_is_certain_fits_into_a_cell(certificate, told):
    assert told == certified_in_words(certificate)


def test_the_rates_that_were_seen_are_told_with_their_intervals():
    text = words_of(CalibrationRule(method="quantile", quantile=0.75), test_rate=observed_rate(0, 40))
    assert (
        "It flags 1 of 4 calibration normals (25.0 %, 95 % interval 0.6 to 80.6 %) and 0 of 40 test" in text
    )
    assert text.endswith("(0.0 %, 95 % interval 0.0 to 8.8 %).")


def test_a_rate_of_no_images_is_not_told():
    nothing = evolve(observed_rate(0, 0), interval=Interval(level=0.95, reason="no_trials"))
    assert "test normals" not in words_of(CalibrationRule(), test_rate=nothing)


def band_in_words(review, counts=None):
    threshold = calibrate(FOUR, ThresholdConfig(method="fixed", value=3.5), VAL)
    found = review_band(threshold, calibrate(FOUR, review, VAL))
    return review_in_words(found, threshold, counts)


def test_a_review_band_says_where_it_lies_and_what_it_holds():
    counts = ReviewCounts(normal=observed_rate(2, 12), anomalous=observed_rate(1, 9))
    text = band_in_words(ReviewConfig(method="quantile", quantile=0.5), counts)
    assert text.startswith(
        "Scores from 2 up to below 3.5 ask for a person. This review band holds 2 of 12 normal and 1 of 9 "
        "anomalous test images. The review threshold 2 lies just above calibration score number 2 of 4"
    )
    assert "ask for a person or raise a false alarm" in text


def test_a_review_band_without_width_says_why():
    text = band_in_words(ReviewConfig(method="fixed", value=9.0))
    assert "There is no review threshold: it would not begin below the threshold." == text


def test_a_pixel_threshold_is_of_maps_and_says_which_regions_count():
    rule = CalibrationRule(method="quantile", quantile=0.75)
    threshold = calibrate(FOUR, rule, VAL, score_source="region_maximum", minimum_area=9)
    text = pixel_threshold_in_words(threshold, threshold)
    assert text.startswith("The pixel threshold 3 lies just above calibration region level number 3 of 4")
    assert text.endswith("Regions of fewer than 9 pixels do not count.")


def test_a_missing_pixel_threshold_says_why():
    threshold = calibrate(FOUR, CalibrationRule(method="fixed", value=1.0), VAL, score_source="map_maximum")
    expected = (
        "There is no pixel threshold: the config fixes none; set threshold.pixel_value to have regions."
    )
    assert expected == pixel_threshold_in_words(threshold, threshold)


def test_a_note_that_holds_for_both_thresholds_is_told_once():
    image = calibrate(FOUR, CalibrationRule(), VAL)
    pixel = calibrate(FOUR, CalibrationRule(), VAL, score_source="map_maximum")
    other = calibrate(FOUR, CalibrationRule(method="quantile", quantile=0.5), VAL)
    assert "Note:" in threshold_in_words(image)
    assert "Note:" not in pixel_threshold_in_words(pixel, image)
    assert "Note:" in pixel_threshold_in_words(pixel, other)
