"""Facts of a report in plain words: counts, the origin of the threshold, the state of pixel metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyimgano_core.contracts.gate import PixelGate
    from pyimgano_core.contracts.report import DatasetSummary
    from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance

_SOURCES = {
    "val": "normal images of the val split",
    "train_holdout": "normal images held out of the train split",
    "config": "the config",
    "none": "no images",
}
_FALLBACKS = {
    "single_group": "they share their only group with fitted images",
    "too_few_normals": "there are too few normal train images to hold any out",
}


def counts_in_words(summary: DatasetSummary) -> str:
    """Say how many images stand where."""
    text = (
        f"{summary.train_count} images were fitted, {summary.calibration_count} set the threshold, "
        f"{summary.test_count} were tested, {summary.test_anomaly_count} of them anomalous."
    )
    if summary.group_conflicts_allowed:
        text += f" Groups on both sides were allowed: {', '.join(summary.group_conflicts_allowed)}."
    return text


def threshold_in_words(threshold: Threshold) -> str:
    """Say where a threshold came from and how far it can be trusted."""
    provenance = threshold.provenance
    if threshold.value is None:
        return f"There is no threshold and so no verdict: {provenance.reason}."
    if provenance.method == "fixed":
        return f"The threshold {threshold.value:.6g} is fixed by the config."
    text = (
        f"The threshold {threshold.value:.6g} lies just above calibration score number {provenance.rank} of "
        f"{provenance.calibration_count} from below, the {provenance.quantile:g} quantile of "
        f"{_SOURCES[provenance.source]}{_apart(provenance)}."
    )
    return " ".join([text, *_caveats(provenance)])


def _apart(provenance: ThresholdProvenance) -> str:
    shared = {"fitted": not provenance.disjoint_from_train, "tested": not provenance.disjoint_from_test}
    if not any(shared.values()):
        return ", none of which was fitted or tested"
    return f", copies of some of which were {' and '.join(word for word, is_so in shared.items() if is_so)}"


def _caveats(provenance: ThresholdProvenance) -> list[str]:
    sentences = [f"Note: {warning}." for warning in provenance.warnings]
    if provenance.fallback is not None:
        sentences.append(f"Note: {_FALLBACKS.get(provenance.fallback, provenance.fallback)}.")
    return sentences


def gate_in_words(gate: PixelGate) -> str:
    """Say whether pixel metrics are on, and why."""
    state = "on" if gate.enabled else "off"
    return f"Pixel metrics are {state}: {gate.message}."
