"""Facts of a run in plain words: counts, and the state of pixel metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from pyimgano_core.contracts.gate import PixelGate
    from pyimgano_core.contracts.report import DatasetSummary


def counts_in_words(summary: DatasetSummary) -> str:
    """Say how many images stand where."""
    text = (
        f"{images_in_words(summary.train_count)} {_were(summary.train_count)} fitted, "
        f"{summary.calibration_count} set the threshold, "
        f"{summary.test_count} {_were(summary.test_count)} tested, "
        f"{summary.test_anomaly_count} of them anomalous."
    )
    if summary.group_conflicts_allowed:
        text += f" Groups on both sides were allowed: {', '.join(summary.group_conflicts_allowed)}."
    return text


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def gate_in_words(gate: PixelGate) -> str:
    """Say on which images pixels were measured, or why on none."""
    if gate.enabled:
        return f"{gate.message[:1].upper()}{gate.message[1:]}."
    return f"No pixel metrics: {gate.message}."
