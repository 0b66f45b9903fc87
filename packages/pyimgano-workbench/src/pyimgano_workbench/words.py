"""Facts of a run in plain words: counts, the state of pixel metrics, the drift of normal scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.words import agree, deciding_in_words, images_in_words, number_of, outlier_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.gate import PixelGate
    from pyimgano_core.contracts.report import CategoryReport, DatasetSummary, Parity
    from pyimgano_workbench.drift import Drift

_CHANCE = 0.05  # a p-value from here on tells no trend


def counts_in_words(summary: DatasetSummary) -> str:
    """Say how many images stand where."""
    text = (
        f"{images_in_words(summary.train_count)} {agree(summary.train_count, 'was', 'were')} fitted, "
        f"{summary.calibration_count} set the threshold, "
        f"{summary.test_count} {agree(summary.test_count, 'was', 'were')} tested, "
        f"{summary.test_anomaly_count} of them anomalous."
    )
    if summary.group_conflicts_allowed:
        text += f" Groups on both sides were allowed: {', '.join(summary.group_conflicts_allowed)}."
    return text


def inputs_in_words(report: CategoryReport) -> Iterator[str]:
    """Yield a sentence on tiles and one on the region of interest, for a run that has them."""
    tiling, tiles, region = report.preprocessing.tiling, report.train_tiles, report.region
    if tiling is not None and tiles is not None:
        height, width = report.preprocessing.resize
        scale = "of their own size" if tiling.scale == 1.0 else f"at {tiling.scale:g} times their size"
        yield (
            f"Images {scale} were cut into tiles of {width}x{height} pixels; "
            f"{tiles.fitted:,} of the train images' {tiles.available:,} tiles were fitted."
        )
    if region is not None:
        share = f"{100 * region.share:.3g} % of each image"
        yield f"{share} is looked at: outside of it nothing is fitted, scored or measured."


def parity_in_words(parity: Parity | None) -> str:
    """Say how far the exported graph is from what was fitted."""
    if parity is None or parity.image_count == 0:
        return "The exported graph could be compared with the fitted model on no image."
    return (
        f"On {images_in_words(parity.image_count)} of this run the exported graph differs from the fitted "
        f"model by at most {parity.score:.1g} of a score and {parity.anomaly_map:.1g} of a map; "
        f"{parity.tolerance:g} is allowed."
    )


def calibration_in_words(report: CategoryReport, calibration: Sequence[tuple[str, float]]) -> str | None:
    """Name the calibration image that sets the threshold at a cost, or one far above the others; else None.

    Args:
        report: of the category.
        calibration: name and score of each of its calibration images.
    """
    if report.deciding_image is not None:
        return deciding_in_words(report.deciding_image)
    return None if report.threshold.provenance.method == "fixed" else outlier_in_words(calibration)


def gate_in_words(gate: PixelGate) -> str:
    """Say on which images pixels were measured, or why on none."""
    if gate.enabled:
        return f"{gate.message[:1].upper()}{gate.message[1:]}."
    return f"No pixel metrics: {gate.message}."


def drift_in_words(drift: Drift, threshold: float | None) -> str:
    """Say whether normal scores rise or fall over time, and how far on their way to the threshold."""
    tested = f"Mann-Kendall test: tau {drift.tau:.2f}, {_p_value(drift.p_value)}"
    count = f"The scores of {images_in_words(len(drift.scores))} that are normal and have a timestamp"
    if drift.p_value >= _CHANCE:
        text = f"{count} show no trend ({tested})."
    else:
        change = drift.at_last - drift.at_first
        moved = f"{'rise' if drift.tau > 0 else 'fall'} by {abs(change):.3g} from the first to the last"
        text = f"{count} {moved}{_way(drift, threshold)} ({tested})."
    if drift.left_out:
        others = number_of(drift.left_out, "other normal image is", "other normal images are")
        text += f" {others} not among them."
    if drift.grouped:
        text += " Some are of one group and not independent, so that the p-value may be too small."
    return text + _halves(drift, threshold)


def _p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"  # noqa: PLR2004 - as people write it


def _way(drift: Drift, threshold: float | None) -> str:
    usual = float(np.median(drift.scores))
    if threshold is None or threshold <= usual:
        return ""
    share = abs(drift.at_last - drift.at_first) / (threshold - usual)
    return f", {100 * share:.0f} % of the distance between their median and the threshold"


def _halves(drift: Drift, threshold: float | None) -> str:
    """Count false alarms of earlier and of later test images: a spread that grows is no trend."""
    scores = drift.scores[~drift.calibrated]
    if threshold is None or not len(scores):
        return ""
    alarms = scores >= threshold
    middle = len(alarms) // 2
    earlier, later = (f"{int(half.sum())} of {len(half)}" for half in (alarms[:middle], alarms[middle:]))
    return (
        f" False alarms of the test images among them: {earlier} in the earlier half, {later} in the later."
    )
