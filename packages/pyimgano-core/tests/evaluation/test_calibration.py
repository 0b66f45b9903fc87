"""Scored normal images to thresholds, and to what the images looked like."""

import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.config import ReviewConfig, ThresholdConfig
from pyimgano_core.contracts.drift import ImageStatistics
from pyimgano_core.drift import reference_sample
from pyimgano_core.evaluation import CalibrationScores, calibrate_thresholds
from pyimgano_core.regions import highest_level
from pyimgano_core.scoring.files import ScoredImage
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, review_band

RULE = ThresholdConfig(alpha=0.1, review=ReviewConfig(alpha=0.3))
ORIGIN = CalibrationOrigin(source="val", distinct=20)


def scored(rng, size=(6, 9)):
    return ScoredImage(
        score=float(np.float32(rng.random())),
        anomaly_map=rng.random(size, dtype=np.float32),
        statistics=ImageStatistics(brightness=rng.uniform(0, 255), sharpness=rng.uniform(0, 9)),
    )


@pytest.fixture
def images():
    rng = np.random.default_rng(7)
    return [scored(rng) for _ in range(20)]


def gathered(rule, images):
    scores = CalibrationScores(rule)
    for image in images:
        scores.add(image)
    return scores


@pytest.mark.parametrize("area", [1, 3])
def test_each_threshold_is_calibrated_on_its_own_scores(images, area):
    rule = evolve(RULE, pixel_minimum_area=area)
    found = gathered(rule, images).thresholds(ORIGIN)
    scores = np.array([image.score for image in images], np.float32)
    levels = np.array([highest_level(image.anomaly_map, area) for image in images], np.float32)
    assert calibrate(scores, rule, ORIGIN) == found.image
    source = "map_maximum" if area == 1 else "region_maximum"
    assert calibrate(levels, rule, ORIGIN, score_source=source, minimum_area=area) == found.pixel
    assert review_band(found.image, calibrate(scores, rule.review, ORIGIN)) == found.review


def test_without_a_review_rule_there_is_no_band(images):
    assert gathered(ThresholdConfig(), images).thresholds(ORIGIN).review is None


def test_no_maps_give_no_pixel_threshold():
    found = calibrate_thresholds([1.0, 2.0], [], RULE, ORIGIN)
    assert (None, "no_calibration_images") == (found.pixel.value, found.pixel.provenance.reason)
    assert found.image.value is not None


def test_a_fixed_rule_gives_its_own_values():
    rule = ThresholdConfig(method="fixed", value=3.0, pixel_value=2.0)
    found = calibrate_thresholds([1.0], [1.0], rule, ORIGIN)
    assert (3.0, 2.0) == (found.image.value, found.pixel.value)


def test_images_that_are_smaller_than_a_region_are_told_of(images):
    rule = ThresholdConfig(pixel_minimum_area=20)
    tiny = scored(np.random.default_rng(0), size=(3, 3))
    pixel = gathered(rule, [*images, tiny]).thresholds(ORIGIN).pixel
    assert "1 of 21 calibration images has fewer pixels" in pixel.provenance.warnings[-1]


def test_the_reference_holds_each_quantity_of_the_images(images):
    reference = gathered(RULE, images).reference()
    assert {
        "score": reference_sample([image.score for image in images]),
        "brightness": reference_sample([image.statistics.brightness for image in images]),
        "sharpness": reference_sample([image.statistics.sharpness for image in images]),
        "height": reference_sample([6.0] * 20),
        "width": reference_sample([9.0] * 20),
    } == reference


def test_without_images_there_is_neither_a_threshold_nor_a_reference():
    scores = gathered(RULE, [])
    assert (0, {}) == (len(scores), scores.reference())
    assert scores.thresholds(CalibrationOrigin(source="none")).image.value is None


def test_flagged_images_are_those_at_or_above_a_threshold(images):
    scores = gathered(RULE, images)
    found = scores.thresholds(ORIGIN)
    for threshold in (found.image, found.pixel, found.review):
        assert threshold.provenance.calibration_false_positives == scores.count_flagged(threshold)
    highest = max(image.score for image in images)
    assert 1 == scores.count_flagged(evolve(found.image, value=highest))
    assert scores.count_flagged(evolve(found.image, value=None)) is None
