import pytest
from attrs import evolve

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.report import DatasetSummary
from pyimgano_workbench.words import counts_in_words, gate_in_words

SUMMARY = DatasetSummary(
    train_count=6, calibration_count=2, test_count=8, test_anomaly_count=4, test_anomaly_ratio=0.5
)


def test_counts_are_told():
    expected = "6 images were fitted, 2 set the threshold, 8 were tested, 4 of them anomalous."
    assert expected == counts_in_words(SUMMARY)


def test_a_single_image_was_and_many_were():
    text = counts_in_words(evolve(SUMMARY, train_count=1, test_count=1))
    assert text.startswith("1 image was fitted, 2 set the threshold, 1 was tested,")


def test_groups_that_were_allowed_on_both_sides_are_named():
    text = counts_in_words(evolve(SUMMARY, group_conflicts_allowed=("lot1", "lot2")))
    assert text.endswith("Groups on both sides were allowed: lot1, lot2.")


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
