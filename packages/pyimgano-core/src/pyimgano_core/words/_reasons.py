"""Codes of reports in words: why something is undefined, what qualifies it, and how a metric is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyimgano_core.contracts.metric import Interval

_REASONS = {
    "no_positives": "there are no anomalous test images",
    "no_negatives": "there are no normal test images",
    "no_positive_pixels": "no mask marks a pixel",
    "no_negative_pixels": "the masks leave no normal pixel",
    "no_normal_images": "there are no normal test images",
    "no_trials": "there are no such images",
    "too_few_images": "there are too few images",
    "zero_variance": "all resamples agree, which bounds nothing",
    "undefined_replicates": "too many resamples leave it undefined",
    "minimum_area": "resamples are drawn from the scores of pixels, which know no regions to drop",
    "no_calibration_images": "there are no calibration images",
    "scores_too_large": "the calibration scores are too large for any number above them",
    "no_fixed_pixel_value": "the config fixes none",
    "no_threshold": "there is no threshold that it could end at",
    "not_below_threshold": "it would not begin below the threshold",
    "method_assumes_a_distribution": "the method assumes a distribution of the scores",
    "fixed_by_config": "the threshold was fixed and not calibrated",
    "fitted_images": "calibration images were fitted, too",
    "grouped_images": "images of one group are not independent",
    "duplicate_images": "copies of an image are not independent",
    "unknown_images": "it is not known whether calibration images were fitted",
    "too_few_normals": "there are too few calibration normals",
    "too_few_exceedances": "too few calibration scores lie in the tail",
    "no_spread": "the calibration scores do not spread",
    "constant_scores": "all scores are equal",
    "disabled_by_config": "the config turns them off",
    "no_test_anomalies": "there are no anomalous test images",
    "no_masks": "no anomalous test image has a mask",
    "missing_masks": "some anomalous test images have no mask",
    "unusable_masks": "some masks can't be used",
    "empty_masks": "the masks mark nothing",
    "mask_on_normal": "a mask marks a defect on a normal image",
    "no_maps": "there are no anomaly maps",
    "missing_maps": "some images have no anomaly map",
}
_SAME = 1e-9  # resamples that agree can differ by the rounding of their sums
_METRICS = {
    "auroc": "image AUROC",
    "average_precision": "image AP",
    "f1_max": "image F1-max",
    "pixel_auroc": "pixel AUROC",
    "pixel_average_precision": "pixel AP",
    "pixel_f1_max": "pixel F1-max",
    "aupro": "AUPRO",
    "au_spro": "AU-sPRO",
    "aupimo": "AUPIMO",
}


def reason_in_words(reason: str | None) -> str:
    """Say why something is undefined; a code that is not known is returned as it is."""
    return _REASONS.get(reason, reason) if reason is not None else "the reason is not known"


def metric_name(name: str) -> str:
    """Return how people call a metric of `Results` or `PixelResults`."""
    return _METRICS.get(name, name)


def bounds_anything(found: Interval) -> bool:
    """Return whether an interval says anything; one without width looks like certainty and is none."""
    return found.low is not None and found.high is not None and has_width(found.low, found.high)


def has_width(low: float, high: float) -> bool:
    """Return whether the ends of an interval differ by more than the rounding of a sum."""
    return high - low > _SAME


def interval_note(found: Interval) -> str | None:
    """Say why an interval is not shown, None where it is."""
    if bounds_anything(found):
        return None
    reason = "zero_variance" if found.low is not None else found.reason
    return f"no interval: {reason_in_words(reason)}"
