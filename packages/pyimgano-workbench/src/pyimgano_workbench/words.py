"""Facts of a report in plain words: counts, the state of pixel metrics, and why something is undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyimgano_core.contracts.gate import PixelGate
    from pyimgano_core.contracts.report import DatasetSummary

_REASONS = {
    "no_positives": "there are no anomalous test images",
    "no_negatives": "there are no normal test images",
    "no_positive_pixels": "no mask marks a pixel",
    "no_negative_pixels": "the masks leave no normal pixel",
    "no_normal_images": "there are no normal test images",
    "no_trials": "there are no such images",
    "too_few_images": "there are too few images",
    "zero_variance": "the images vary too little to bound it",
    "undefined_replicates": "too many resamples leave it undefined",
    "minimum_area": "regions that are too small were dropped, which resamples do not follow",
    "no_calibration_images": "there are no calibration images",
    "no_fixed_pixel_value": "the config fixes none",
    "no_threshold": "there is no threshold that it could end at",
    "not_below_threshold": "it would not begin below the threshold",
    "method_assumes_a_distribution": "the method assumes a distribution of the scores",
    "fixed_by_config": "the threshold was fixed and not calibrated",
    "fitted_images": "calibration images were fitted, too",
    "grouped_images": "images of one group are not independent",
    "too_few_normals": "there are too few calibration normals",
}


def reason_in_words(reason: str | None) -> str:
    """Say why something is undefined; a code that is not known is returned as it is."""
    return _REASONS.get(reason, reason) if reason is not None else "the reason is not known"


def counts_in_words(summary: DatasetSummary) -> str:
    """Say how many images stand where."""
    text = (
        f"{summary.train_count} images were fitted, {summary.calibration_count} set the threshold, "
        f"{summary.test_count} were tested, {summary.test_anomaly_count} of them anomalous."
    )
    if summary.group_conflicts_allowed:
        text += f" Groups on both sides were allowed: {', '.join(summary.group_conflicts_allowed)}."
    return text


def gate_in_words(gate: PixelGate) -> str:
    """Say whether pixel metrics are on, and why."""
    state = "on" if gate.enabled else "off"
    return f"Pixel metrics are {state}: {gate.message}."
