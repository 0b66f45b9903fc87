import numpy as np
import pytest

from pyimgano_core.contracts.config import EvaluationConfig
from pyimgano_core.contracts.record import ANOMALOUS, NORMAL, Record, Sample
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.evaluation._pixels import PixelEvaluation

EMPTY = np.zeros((4, 4), bool)
DEFECT = np.eye(4, dtype=bool)
LOUD, QUIET = np.full((4, 4), 2.0), np.zeros((4, 4))


def evaluate(*images):
    config = EvaluationConfig(aupimo_limits=(0.1, 1.0))
    evaluation = PixelEvaluation(config, Threshold(provenance=ThresholdProvenance(method="fixed")))
    for number, (label, anomaly_map, mask) in enumerate(images):
        record = Record(image_path=f"{number}.png", category="part", label=label)
        evaluation.update(Sample(record=record, image=f"{number}.png"), anomaly_map, mask)
    return evaluation.result("all")


def test_an_anomalous_image_with_an_empty_mask_adds_negatives_and_no_false_alarms_of_a_normal_image():
    found = (ANOMALOUS, DEFECT.astype(float), DEFECT)
    results, per_image = evaluate(found, (NORMAL, QUIET, EMPTY), (ANOMALOUS, LOUD, EMPTY))
    assert (1.0, {"0.png": 1.0}, 3) == (results.aupimo, per_image, results.image_count)
    assert results.pixel_auroc == pytest.approx(1 - 16 / 44)
    assert 0.0 == evaluate(found, (NORMAL, LOUD, EMPTY))[0].aupimo
    assert "no_normal_images" == evaluate(found, (ANOMALOUS, LOUD, EMPTY))[0].reasons["aupimo"]


def test_pixels_outside_the_region_of_interest_are_neither_found_nor_false_alarms():
    inside = np.zeros((4, 4), bool)
    inside[:2] = True
    half = np.where(inside, DEFECT, 1.0)  # loud all over outside
    config = EvaluationConfig(aupimo_limits=(0.1, 1.0))
    threshold = Threshold(value=0.5, provenance=ThresholdProvenance(method="fixed"))
    evaluation = PixelEvaluation(config, threshold)
    for number, (label, anomaly_map, mask) in enumerate(
        [(ANOMALOUS, half, DEFECT), (NORMAL, half * 0, EMPTY)]
    ):
        record = Record(image_path=f"{number}.png", category="part", label=label)
        evaluation.update(Sample(record=record, image=f"{number}.png"), anomaly_map, mask, inside)
    results, _ = evaluation.result("all")
    assert (1.0, 1.0, 1.0) == (results.pixel_auroc, results.aupro, results.verdicts.precision)
