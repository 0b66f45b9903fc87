import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.config import Tiling
from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.infer_config import Preprocessing, RegionFile
from pyimgano_core.contracts.report import DatasetSummary, DecidingImage, Parity, TrainTiles
from pyimgano_core.words import deciding_in_words
from pyimgano_workbench.drift import Drift
from pyimgano_workbench.words import (
    calibration_in_words,
    counts_in_words,
    drift_in_words,
    gate_in_words,
    inputs_in_words,
    parity_in_words,
)

SUMMARY = DatasetSummary(
    train_count=6, calibration_count=2, test_count=8, test_anomaly_count=4, test_anomaly_ratio=0.5
)


DECIDING = DecidingImage(
    input="odd.png", score=5.0, next_score=1.6, missed_count=9, found_without=8, false_alarms_without=1
)
FAR = [("a.png", 1.0), ("b.png", 1.1), ("c.png", 1.2), ("far.png", 90.0)]


def test_the_calibration_image_that_costs_defects_is_told_rather_than_the_one_far_from_the_rest(make_report):
    assert deciding_in_words(DECIDING) == calibration_in_words(make_report(deciding_image=DECIDING), FAR)
    assert calibration_in_words(make_report(), FAR).startswith("calibration image 'far.png'")
    assert calibration_in_words(make_report(), FAR[:-1]) is None


def test_counts_are_told():
    expected = "6 images were fitted, 2 set the threshold, 8 were tested, 4 of them anomalous."
    assert expected == counts_in_words(SUMMARY)


def test_a_single_image_was_and_many_were():
    text = counts_in_words(evolve(SUMMARY, train_count=1, test_count=1))
    assert text.startswith("1 image was fitted, 2 set the threshold, 1 was tested,")


def test_groups_that_were_allowed_on_both_sides_are_named():
    text = counts_in_words(evolve(SUMMARY, group_conflicts_allowed=("lot1", "lot2")))
    assert text.endswith("Groups on both sides were allowed: lot1, lot2.")


def test_tiles_and_the_part_that_is_looked_at_are_told_where_there_are_any(make_report):
    assert [] == list(inputs_in_words(make_report()))
    tiled = make_report(
        preprocessing=Preprocessing(resize=(64, 96), tiling=Tiling(scale=0.5)),
        train_tiles=TrainTiles(fitted=5000, available=12345),
        region=RegionFile(path="region.png", sha256="0" * 64, size_bytes=1, share=0.8642),
    )
    tiles = (
        "Images at 0.5 times their size were cut into tiles of 96x64 pixels; "
        "5,000 of the train images' 12,345 tiles were fitted."
    )
    assert [
        tiles,
        "86.4 % of each image is looked at: outside of it nothing is fitted, scored or measured.",
    ] == list(inputs_in_words(tiled))


def test_how_far_the_exported_graph_is_from_the_model_is_told():
    parity = Parity(image_count=8, score=3.14e-7, anomaly_map=2e-6, tolerance=1e-3)
    expected = (
        "On 8 images of this run the exported graph differs from the fitted model by at most 3e-07 of a "
        "score and 2e-06 of a map; 0.001 is allowed."
    )
    assert expected == parity_in_words(parity)


@pytest.mark.parametrize("parity", [None, Parity(image_count=0, score=0.0, anomaly_map=0.0, tolerance=1e-3)])
def test_a_graph_that_was_compared_on_no_image_is_not_said_to_be_equal(parity):
    assert "on no image" in parity_in_words(parity)


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (
            PixelGate(enabled=False, reason="no_masks", message="none of the images has a mask"),
            "No pixel metrics: none of the images has a mask.",
        ),
        (
            PixelGate(enabled=True, message="pixel metrics cover 4 of 4 images"),
            "Pixel metrics cover 4 of 4 images.",
        ),
    ],
)
def test_the_state_of_pixel_metrics_is_one_sentence(gate, expected):
    assert expected == gate_in_words(gate)


def drift_of(**changes):
    facts = {
        "moments": np.arange(6.0),
        "scores": np.arange(6.0),
        "calibrated": np.array([True, True, False, False, False, False]),
        "first": "a",
        "last": "b",
        "at_first": 0.0,
        "at_last": 5.0,
        "tau": 1.0,
        "p_value": 0.0001,
        "left_out": 0,
        "grouped": False,
    }
    return Drift(**(facts | changes))


def test_a_drift_is_told_with_its_way_to_the_threshold_and_the_alarms_of_both_halves():
    assert (
        "The scores of 6 images that are normal and have a timestamp rise by 5 from the first to the last, "
        "200 % of the distance between their median and the threshold (Mann-Kendall test: tau 1.00, "
        "p < 0.001). False alarms of the test images among them: 0 of 2 in the earlier half, 1 of 2 in the "
        "later."
    ) == drift_in_words(drift_of(), 5.0)


def test_without_a_threshold_a_drift_has_no_way_to_it():
    text = drift_in_words(drift_of(tau=-1.0, at_first=5.0, at_last=0.0), None)
    assert "fall by 5 from the first to the last (Mann-Kendall" in text
    assert "alarms" not in text


def test_no_trend_is_told_with_its_p_value_and_a_caveat_for_groups():
    text = drift_in_words(drift_of(p_value=0.32, grouped=True), None)
    assert "show no trend (Mann-Kendall test: tau 1.00, p = 0.32)." in text
    assert text.endswith("so that the p-value may be too small.")


def test_images_that_are_not_among_a_drift_are_counted():
    assert "3 other normal images" in drift_in_words(drift_of(left_out=3), None)
