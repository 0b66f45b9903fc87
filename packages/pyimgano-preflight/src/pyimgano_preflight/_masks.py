"""Checks on masks: those of test images as the pixel gate saw them, and masks where none belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.pixel_gate import inspect_mask
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.gate import MaskState
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_preflight._inspection import Inspection

_FAULTS = {"not_found": "PF501", "size_mismatch": "PF503", "unreadable": "PF514"}


def mask_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of all masks, and for each category how many there are and what follows from it."""
    for category in inspection.prepared.categories:
        for sample, state in _states(category):
            yield from _of_sample(sample, state)
        yield from _of_category(category)


def _states(category: PreparedCategory) -> Iterator[tuple[Sample, MaskState]]:
    split = category.split
    for sample in (*split.train, *split.calibration):
        if sample.mask is not None:
            yield sample, inspect_mask(sample)
    yield from zip(split.test, category.masks, strict=True)


def _of_sample(sample: Sample, state: MaskState) -> Iterator[Issue]:
    if state.status in _FAULTS:
        detail = "does not exist" if state.status == "not_found" else state.detail
        yield sample_issue(_FAULTS[state.status], sample, detail, field="mask_path")
    elif state.status == "empty" and sample.record.label == ANOMALOUS:
        message = "marks nothing, and its image is anomalous"
        yield sample_issue("PF504", sample, message, field="mask_path")
    elif state.on_normal:
        message = "marks a defect, and its image is normal"
        yield sample_issue("PF505", sample, message, field="mask_path")


def _of_category(category: PreparedCategory) -> Iterator[Issue]:
    name, gate = category.split.category, category.gate
    usable, anomalous = gate.n_usable_masks, gate.n_anomalous
    if 0 < usable < anomalous:
        measured = f"; {gate.message}" if gate.enabled else ""
        have = f"{usable} of {anomalous} anomalous test images have a usable mask"
        yield rule_issue(
            "PF502",
            f"category {name!r}: {have}{measured}",
            category=name,
            data={"usable": usable, "anomalous": anomalous, "coverage": round(usable / anomalous, 4)},
        )
    if not gate.enabled:
        yield rule_issue(
            "PF712",
            f"category {name!r}: no pixel metrics, for {gate.message}",
            category=name,
            data={"reason": gate.reason},
        )
