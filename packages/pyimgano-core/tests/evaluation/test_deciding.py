import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import CalibrationRule, EvaluationConfig, ReviewConfig
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.report import DecidingImage
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.evaluation import DeployedThresholds, Evaluation, deciding_image
from pyimgano_core.evaluation._images import image_results
from pyimgano_core.metrics import SketchAccumulator
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, verdict

CONFIG = EvaluationConfig(bootstrap_replicates=0)
MAXIMUM = CalibrationRule(method="quantile", quantile=0.995)
ODD = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 5.0]  # calibration scores: without the last, the highest is 1.6
NORMAL = np.linspace(0.8, 1.7, 20)  # of which three lie above 1.6
DEFECTS = [*np.linspace(2.0, 4.9, 24), *np.linspace(5.1, 9.0, 16)]


def lines_of(scores, **fields):
    return [
        Prediction(
            index=index, input=f"{index}.png", category="part", score=float(np.float32(score)), **fields
        )
        for index, score in enumerate(scores)
    ]


def evaluated(calibration, normal, anomalous, *, rule=MAXIMUM, review=None, group=None):
    """Return what is known of test images at the threshold that the calibration scores set."""
    scores = np.array(calibration, np.float32)
    image = calibrate(scores, rule, CalibrationOrigin(source="val"))
    band = None if review is None else calibrate(scores, review, CalibrationOrigin(source="val"))
    begins = None if band is None else band.value
    tests = [*lines_of(normal, y_true=0), *lines_of(anomalous, y_true=1, group_id=group)]
    lines = tuple(
        evolve(line, label=verdict(line.score, image.value, begins), review_threshold=begins)
        for line in tests
    )
    unset = Threshold(provenance=ThresholdProvenance(method="none"))
    return Evaluation(
        predictions=lines,
        results=image_results(lines, CONFIG),
        thresholds=DeployedThresholds(image=image, pixel=unset, review=band),
        sketch=SketchAccumulator().result(),
    )


def decided(calibration, normal=NORMAL, anomalous=DEFECTS, **options):
    return deciding_image(lines_of(calibration), evaluated(calibration, normal, anomalous, **options), CONFIG)


def test_the_image_that_sets_the_threshold_is_named_with_what_it_costs():
    expected = DecidingImage(
        input="7.png",
        score=5.0,
        next_score=float(np.float32(1.6)),
        missed_count=24,
        found_without=24,
        false_alarms_without=3,
    )
    assert expected == decided(ODD)


def test_defects_below_the_others_too_are_missed_and_not_found_without_it():
    found = decided(ODD, anomalous=[1.0, 1.5, *DEFECTS])
    assert (26, 24) == (found.missed_count, found.found_without)


def test_a_threshold_that_several_images_hold_up_has_no_deciding_one():
    assert decided([*ODD, 5.0]) is None


def test_a_threshold_below_the_highest_score_is_not_set_by_it():
    assert decided(ODD, rule=evolve(MAXIMUM, quantile=0.8)) is None


@pytest.mark.parametrize("method", ["gaussian", "fixed"])
def test_a_threshold_that_follows_no_rank_is_set_by_no_image(method):
    rule = CalibrationRule(method=method, value=5.0 if method == "fixed" else None)
    assert decided(ODD, rule=rule) is None


def test_a_single_calibration_image_has_no_others():
    assert decided([5.0]) is None


def test_a_failed_calibration_image_does_not_count():
    lines = lines_of(ODD)
    failed = evolve(lines[0], index=8, input="8.png", status="error", score=None)
    found = deciding_image([failed, *lines], evaluated(ODD, NORMAL, DEFECTS), CONFIG)
    assert "7.png" == found.input


def test_where_no_threshold_keeps_both_limits_the_detector_misses_and_not_the_image():
    assert decided(ODD, normal=[*NORMAL, 4.97]) is not None  # 1 of 21: within 5 % false alarms
    assert decided(ODD, normal=[*NORMAL, 4.96, 4.97]) is None
    assert decided(ODD, anomalous=[1.0, 1.0, *DEFECTS]) is not None  # 2 of 42: within 5 % misses
    assert decided(ODD, anomalous=[1.0, 1.0, 1.0, *DEFECTS]) is None


def test_an_image_that_costs_most_defects_is_named_however_well_they_are_told():
    normal = [*NORMAL, 4.8, 4.9]  # 5 of 22 above 1.6: at most 45 %
    assert decided(ODD, normal=normal, anomalous=[1.0] * 4 + [3.0] * 16) is not None  # at least 56 %
    assert decided(ODD, normal=normal, anomalous=[1.0] * 6 + [3.0] * 14) is None  # at least 46 %
    assert decided(ODD, normal=[*NORMAL, *[4.9] * 7], anomalous=[1.0] * 4 + [3.0] * 16) is None  # up to 57 %
    assert decided(ODD, normal=[*NORMAL, *[4.9] * 7], anomalous=[3.0] * 16) is not None  # at least 79 %


def test_of_images_of_shared_groups_the_shares_themselves_are_compared():
    anomalous = [1.0] * 4 + [3.0] * 6
    assert decided(ODD, normal=[*NORMAL, *[4.9] * 2], anomalous=anomalous) is None
    assert decided(ODD, normal=[*NORMAL, *[4.9] * 2], anomalous=anomalous, group="lot") is not None


def test_without_normal_test_images_nothing_is_known_of_the_ranking():
    assert decided(ODD, normal=[]) is None


def test_a_few_missed_defects_may_be_chance():
    found = np.linspace(6.0, 9.0, 20)
    assert decided(ODD, anomalous=[3.0, *found[1:]]) is None  # 1 of 20: the interval begins at 0.1 %
    assert decided(ODD, anomalous=[3.0] * 3 + [*found[3:]]) is None  # 3 of 20: at 3.2 %
    assert decided(ODD, anomalous=[3.0] * 4 + [*found[4:]]) is not None  # 4 of 20: at 5.7 %


def test_the_limit_of_misses_is_that_of_the_config():
    found = evaluated(ODD, NORMAL, DEFECTS)
    assert deciding_image(lines_of(ODD), found, evolve(CONFIG, miss_limit=0.5)) is None


def test_images_of_shared_groups_have_no_interval_and_the_share_counts():
    found = np.linspace(6.0, 9.0, 18)
    assert decided(ODD, anomalous=[3.0, 3.1, *found]) is None
    assert decided(ODD, anomalous=[3.0, 3.1, *found], group="lot") is not None


def test_defects_that_a_person_looks_at_are_not_missed():
    assert decided(ODD, review=ReviewConfig(alpha=0.3)) is None


@given(
    st.lists(st.integers(0, 16), min_size=1, max_size=8),
    st.lists(st.integers(0, 12), min_size=1, max_size=12),
    st.lists(st.integers(13, 22), min_size=4, max_size=12),
)
def test_what_would_be_found_is_what_a_threshold_of_the_others_finds(others, normal, anomalous):
    found = decided([*others, 20], normal, anomalous)
    assume(found is not None)
    without, now = (evaluated(each, normal, anomalous).results for each in (others, [*others, 20]))
    assert found.missed_count == now.miss_rate.count
    assert found.found_without == now.miss_rate.count - without.miss_rate.count
    assert found.false_alarms_without == without.false_alarm_rate.count - now.false_alarm_rate.count
