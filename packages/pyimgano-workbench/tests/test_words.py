import pytest

from pyimgano_core.contracts.gate import PixelGate
from pyimgano_core.contracts.report import DatasetSummary
from pyimgano_workbench.words import counts_in_words, gate_in_words, reason_in_words

SUMMARY = DatasetSummary(
    train_count=6, calibration_count=2, test_count=8, test_anomaly_count=4, test_anomaly_ratio=0.5
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("no_positives", "there are no anomalous test images"),
        ("of_the_future", "of_the_future"),
        (None, "the reason is not known"),
    ],
)
def test_a_reason_is_told_in_words_where_it_is_known(code, expected):
    assert expected == reason_in_words(code)


def test_counts_are_told_with_the_groups_that_were_allowed_on_both_sides():
    expected = "6 images were fitted, 2 set the threshold, 8 were tested, 4 of them anomalous."
    assert expected == counts_in_words(SUMMARY)


def test_a_closed_gate_says_why():
    gate = PixelGate(enabled=False, reason="no_masks", message="no anomalous test image has a mask")
    assert "Pixel metrics are off: no anomalous test image has a mask." == gate_in_words(gate)
