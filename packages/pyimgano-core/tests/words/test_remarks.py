import numpy as np
import pytest
from attrs import evolve

from pyimgano_core.contracts.config import CalibrationRule, ReviewConfig
from pyimgano_core.contracts.metric import Interval
from pyimgano_core.contracts.report import PixelResults, Results
from pyimgano_core.thresholds import CalibrationOrigin, calibrate, review_band
from pyimgano_core.words import gather, result_remarks, threshold_remarks

VAL = CalibrationOrigin(source="val")

FORTY = np.linspace(1.0, 3.0, 40, dtype=np.float32)
PIXELS = PixelResults(
    pixel_auroc=0.5,
    pixel_average_precision=0.1,
    pixel_f1_max=0.2,
    aupro=0.15,
    aupro_limit=0.3,
    image_count=4,
    region_count=1,
)
RESULTS = Results(
    auroc=0.9, average_precision=0.9, f1_max=0.9, f1_max_threshold=1.0, metrics=None, pixel_metrics=PIXELS
)


def of(scores, rule, **options):
    return calibrate(scores, rule, VAL, **options)


def test_a_fallback_names_the_thresholds_that_it_holds_for():
    rule = CalibrationRule()
    image, pixel = of(FORTY, rule), of(FORTY, rule, score_source="map_maximum")
    review = review_band(image, of(FORTY, ReviewConfig(method="conformal", alpha=0.02)))
    lines = list(threshold_remarks(image, pixel, review))
    asked = "conformal at alpha 0.01 needs 99 calibration normals and has 40"
    assert lines[0].startswith(f"image and pixel threshold: {asked}; quantile 0.995 instead (59 more")
    other = "review threshold: conformal at alpha 0.02 needs 49 calibration normals and has 40"
    assert 1 == sum(line.startswith(other) for line in lines)


def test_what_is_certain_is_told_of_image_and_review_threshold():
    image = of(FORTY, CalibrationRule(alpha=0.1))
    lines = list(threshold_remarks(image, image, of(FORTY, ReviewConfig(alpha=0.2))))
    assert 2 == len(lines)
    assert lines[0].endswith("raise a false alarm.")
    assert lines[1].startswith("review threshold: Of future images")
    assert lines[1].endswith("ask for a person or raise a false alarm.")


def test_missing_thresholds_say_why_and_what_to_do():
    none = np.empty(0, dtype=np.float32)
    missing = of(none, CalibrationRule())
    pixel = of(FORTY, CalibrationRule(method="fixed", value=1.0), score_source="map_maximum")
    assert [
        (
            "image threshold: there is none: there are no calibration images; add normal images, split some "
            'off as val, or set threshold.method = "fixed"'
        ),
        "pixel threshold: there is none: the config fixes none; set threshold.pixel_value to have regions",
    ] == list(threshold_remarks(missing, pixel))


def test_undefined_metrics_with_one_reason_stand_together():
    reasons = {"auroc": "no_positives", "f1_max": "no_positives", "average_precision": "no_negatives"}
    pixels = evolve(PIXELS, reasons={"aupimo": "no_normal_images"})
    assert [
        "image AUROC, image F1-max undefined: there are no anomalous test images",
        "image AP undefined: there are no normal test images",
        "AUPIMO undefined: there are no normal test images",
    ] == list(result_remarks(evolve(RESULTS, reasons=reasons, pixel_metrics=pixels)))


def test_constant_scores_are_told_once_of_images_and_of_pixels():
    flags = dict.fromkeys(("auroc", "f1_max"), ("constant_scores",))
    pixels = evolve(PIXELS, flags={"aupro": ("constant_scores",)})
    lines = list(result_remarks(evolve(RESULTS, flags=flags, pixel_metrics=pixels)))
    assert ["all image scores are equal", "all pixel scores are equal"] == [
        line.partition(":")[0] for line in lines
    ]


@pytest.mark.parametrize(
    ("auroc", "high", "expected"), [(0.3, 0.45, 1), (0.3, 0.55, 0), (0.0, None, 1), (0.4, None, 0)]
)
def test_scores_that_are_surely_the_wrong_way_round_are_told(auroc, high, expected):
    interval = Interval(low=0.1, high=high, level=0.95) if high else Interval(level=0.95, reason="no_trials")
    lines = list(result_remarks(evolve(RESULTS, auroc=auroc, auroc_delong=interval)))
    assert expected == sum("wrong way round" in line for line in lines)


def test_a_good_result_needs_no_remark():
    assert [] == list(result_remarks(RESULTS))


def test_a_remark_on_many_places_is_one_line_with_the_first_few():
    told = [(place, "torn") for place in "abcdea"] + [("a", "wet")]
    assert ["a, b, c and 2 more: torn", "a: wet"] == gather(told)
