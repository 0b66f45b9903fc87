import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.infer_config import CategoryModel, Checkpoint, Preprocessing
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_infer._thresholds import choose_thresholds

VALUES = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def threshold(value, minimum_area=1):
    provenance = ThresholdProvenance(method="quantile")
    return Threshold(value=value, provenance=provenance, minimum_area=minimum_area)


def category(image, review=None, pixel=None):
    return CategoryModel(
        checkpoint=Checkpoint(path="model.onnx", sha256="0" * 64, size_bytes=1),
        preprocessing=Preprocessing(resize=(8, 8)),
        threshold=threshold(image),
        review_threshold=review,
        pixel_threshold=pixel,
    )


@given(VALUES, VALUES, VALUES, VALUES)
def test_a_band_is_below_the_threshold_and_any_other_is_told(image, review, new_image, new_review):
    chosen = choose_thresholds(category(image, threshold(review)), new_image, new_review)
    used_image = image if new_image is None else new_image
    used_review = review if new_review is None else new_review
    is_band = None not in {used_image, used_review} and used_review < used_image
    assert used_image == chosen.image
    assert (used_review if is_band else None) == chosen.review
    assert (used_review if used_image is not None and not is_band else None) == chosen.void_review


@pytest.mark.parametrize(("review", "is_band"), [(0.5, False), (np.nextafter(0.5, 0), True)])
def test_a_review_threshold_at_the_threshold_is_no_band(review, is_band):
    chosen = choose_thresholds(category(0.5, threshold(float(review))))
    assert is_band == (chosen.review is not None)


def test_the_minimum_area_is_the_pixel_threshold_s():
    assert (0.7, 5) == (
        (chosen := choose_thresholds(category(0.5, pixel=threshold(0.7, 5)))).pixel,
        chosen.minimum_area,
    )
    without = choose_thresholds(category(0.5))
    assert (None, 1) == (without.pixel, without.minimum_area)
