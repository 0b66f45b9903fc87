"""Checks on masks as the pixel gate of core sees them, and on what follows for a category."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.manifest import columns_of, take
from pyimgano_core.words import agree, number_of
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.preparation import PreparedCategory
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts

_FAULTS = {"not_found": "PF501", "size_mismatch": "PF503", "unreadable": "PF514"}
_NO_FAULT_OF_THE_MASK = {"storage_error": "PF901", "changed": "PF214"}
# Of n images, a bootstrap replicate is n times the same one with probability n^-n, which for 3 is above the
# 2.5 % that either end of a 95 % interval leaves out.
_FEWEST_MASKS = 4


def mask_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of all masks, and for each category how many there are and what follows from it."""
    samples = inspection.prepared.samples
    for sample in take(samples, np.flatnonzero(columns_of(samples).masked)):
        facts = inspection.facts.mask(sample)
        if facts is not None:
            yield from _of_sample(sample, facts, inspection)
    for category in inspection.prepared.categories:
        yield from _of_category(category)


def _of_sample(sample: Sample, facts: FileFacts, inspection: Inspection) -> Iterator[Issue]:
    state = inspection.facts.inspect_mask(sample)
    if facts.error is not None and facts.error.code in _NO_FAULT_OF_THE_MASK:
        code, number = _NO_FAULT_OF_THE_MASK[facts.error.code], facts.error.errno
        data = {} if number is None else {"errno": number}
        yield sample_issue(code, sample, facts.error.message, field="mask_path", data=data)
    elif state.status in _FAULTS:
        detail = "does not exist" if state.status == "not_found" else state.detail
        yield sample_issue(_FAULTS[state.status], sample, detail, field="mask_path")
    elif facts.mask is None:  # what it marks was not looked at
        return
    elif state.status == "empty" and sample.record.label == ANOMALOUS:
        message = "marks nothing, and its image is anomalous"
        yield sample_issue("PF504", sample, message, field="mask_path")
    elif state.on_normal:
        message = "marks a defect, and its image is normal"
        data = {"marked": facts.mask.marked, "pixels": facts.mask.pixels}
        yield sample_issue("PF505", sample, message, field="mask_path", data=data)


def _of_category(category: PreparedCategory) -> Iterator[Issue]:
    name, gate = category.split.category, category.gate
    usable, anomalous = gate.n_usable_masks, gate.n_anomalous
    if 0 < usable < anomalous:
        measured = f"; {gate.message}" if gate.enabled else ""
        have = f"{usable} of {anomalous} anomalous test images {agree(usable, 'has', 'have')} a usable mask"
        yield rule_issue(
            "PF502",
            f"category {name!r}: {have}{measured}",
            category=name,
            data={"usable": usable, "anomalous": anomalous, "coverage": round(usable / anomalous, 4)},
        )
    if not gate.enabled:
        yield rule_issue(
            "PF712",
            f"category {name!r}: no pixel metrics, because {gate.message}",
            category=name,
            data={"reason": gate.reason},
        )
    elif usable - gate.empty_masks < _FEWEST_MASKS:
        yield _few_masks(name, usable - gate.empty_masks, anomalous)


def _few_masks(category: str, marking: int, anomalous: int) -> Issue:
    images = number_of(anomalous, "anomalous test image")
    have = f"{marking} of {images} {agree(marking, 'has', 'have')} a mask that marks a defect"
    return rule_issue(
        "PF714",
        f"category {category!r}: {have}: draw more, below {_FEWEST_MASKS} one image decides pixel metrics",
        category=category,
        data={"masks": marking, "anomalous": anomalous, "needed": _FEWEST_MASKS},
    )
