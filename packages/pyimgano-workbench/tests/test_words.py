import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.config import ThresholdConfig
from pyimgano_core.thresholds import calibrate
from pyimgano_workbench.words import threshold_in_words

SCORES = np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32)


def words_of(config, scores=SCORES, source="val", **provenance):
    threshold = calibrate(scores, config, source=source)
    return threshold_in_words(evolve(threshold, provenance=evolve(threshold.provenance, **provenance)))


def test_a_quantile_is_told_with_its_rank_and_its_images():
    assert (
        "The threshold 3 lies just above calibration score number 3 of 4 from below, the 0.75 quantile of "
        "normal images of the val split, none of which was fitted or tested."
    ) == words_of(ThresholdConfig(quantile=0.75))


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        ({"disjoint_from_train": False}, "copies of some of which were fitted."),
        ({"disjoint_from_test": False}, "copies of some of which were tested."),
        ({"disjoint_from_train": False, "disjoint_from_test": False}, "which were fitted and tested."),
    ],
)
def test_copies_are_told(shared, words):
    text = words_of(ThresholdConfig(quantile=0.75), **shared)
    assert text.endswith(words)
    assert "none of which" not in text


def test_too_few_images_and_a_fallback_are_notes():
    text = words_of(ThresholdConfig(quantile=0.995), source="train_holdout", fallback="single_group")
    assert "Note: the 0.995 quantile needs 200 calibration normals and has 4" in text
    assert "Note: they share their only group with fitted images." in text


def test_without_calibration_images_there_is_no_threshold():
    none = np.empty(0, dtype=np.float32)
    expected = "There is no threshold and so no verdict: no_calibration_images."
    assert expected == words_of(ThresholdConfig(), none, source="none")


def test_a_fixed_threshold_comes_from_the_config():
    assert "The threshold 2.5 is fixed by the config." == words_of(ThresholdConfig(method="fixed", value=2.5))
