"""May pixel metrics be computed, and if not, why: one answer for training, the benchmark and preflight.

A metric over some masks, or over wrong ones, looks like any other number. So one anomalous test image without
a usable mask closes the gate, unless the masked subset is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from pyimgano_core.contracts.gate import GateReason, MaskState, MaskStatus, PixelGate
from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.errors import ImageError
from pyimgano_core.images import image_size, read_mask
from pyimgano_core.words import agree, number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.config import EvaluationConfig
    from pyimgano_core.contracts.record import Sample

__all__ = ["MaskState", "PixelGate", "decide_gate", "inspect_mask", "is_evaluated", "judge_mask"]

_USABLE = frozenset({"ok", "empty"})
_MISSING = frozenset({"absent", "not_found"})
_SHOWN_PROBLEMS = 20


def inspect_mask(sample: Sample) -> MaskState:
    """Decode the mask of `sample` and compare it with its image.

    An image that can't be read leaves the sizes uncompared: that is a fault of the image, told elsewhere.
    """
    if sample.mask is None:
        return judge_mask(sample, None)
    try:
        mask = read_mask(sample.mask)  # (H, W)
    except ImageError as exc:
        return judge_mask(sample, None, error=(exc.code, str(exc).removeprefix(f"{exc.path}: ")))
    return judge_mask(sample, mask.shape[:2], marks=bool(mask.any()), image_size=_size_or_none(sample))


def judge_mask(
    sample: Sample,
    size: tuple[int, int] | None,
    *,
    marks: bool = False,
    image_size: tuple[int, int] | None = None,
    error: tuple[str, str] | None = None,
) -> MaskState:
    """Return the state of a mask from what is known of its file, however that was read.

    Args:
        sample: the image and its record.
        size: (height, width) of the upright mask; None where it can't be read.
        marks: whether it marks any pixel.
        image_size: (height, width) of the upright image, None where that is not known.
        error: the code and the words of the `ImageError` that reading the mask raised.
    """
    if sample.mask is None:
        return MaskState(status="absent")
    if error is not None:
        status: MaskStatus = "not_found" if error[0] == "not_found" else "unreadable"
        return MaskState(status=status, detail=error[1])
    if size is not None and image_size is not None and image_size != size:
        detail = f"has {size[1]}x{size[0]} pixels, its image {image_size[1]}x{image_size[0]}"
        return MaskState(status="size_mismatch", detail=detail)
    if not marks:
        return MaskState(status="empty")
    return MaskState(status="ok", on_normal=sample.record.label != ANOMALOUS)


def decide_gate(test: Sequence[Sample], states: Sequence[MaskState], config: EvaluationConfig) -> PixelGate:
    """Decide over the test images of one category.

    Args:
        test: the test samples.
        states: the states of their masks, in the same order.
        config: whether pixel metrics are wanted, and on which images.

    Returns:
        The decision, with its reason, its counts and the masks at fault.
    """
    tally = _count(test, states)
    reason = _reason(tally, config)
    return PixelGate(
        enabled=reason is None,
        reason=reason,
        message=_message(reason, tally, config.pixel_subset),
        subset=config.pixel_subset,
        n_anomalous=tally.anomalous,
        n_usable_masks=tally.usable,
        empty_masks=tally.empty,
        problems=tally.problems[:_SHOWN_PROBLEMS],
    )


def is_evaluated(sample: Sample, state: MaskState, gate: PixelGate) -> bool:
    """Return whether the pixels of `sample` count: its mask is usable, or it is normal and needs none."""
    if not gate.enabled or state.on_normal:
        return False
    return state.status in _USABLE or (sample.record.label != ANOMALOUS and state.status in _MISSING)


@define(frozen=True, kw_only=True)
class _Tally:
    """The masks of the test images, counted; `broken` and `on_normal` include those of normal images."""

    normal: int
    anomalous: int
    missing: int
    usable: int
    empty: int
    broken: int
    on_normal: int
    problems: tuple[str, ...]


def _count(test: Sequence[Sample], states: Sequence[MaskState]) -> _Tally:
    pairs = list(zip(test, states, strict=True))
    statuses = [state.status for sample, state in pairs if sample.record.label == ANOMALOUS]
    broken = [pair for pair in pairs if pair[1].status not in _USABLE | _MISSING]
    marked = [pair for pair in pairs if pair[1].on_normal]
    lost = [pair for pair in pairs if pair[0].record.label == ANOMALOUS and pair[1].status == "not_found"]
    return _Tally(
        normal=len(pairs) - len(statuses),
        anomalous=len(statuses),
        missing=sum(status in _MISSING for status in statuses),
        usable=sum(status in _USABLE for status in statuses),
        empty=statuses.count("empty"),
        broken=len(broken),
        on_normal=len(marked),
        problems=tuple(_problem(sample, state) for sample, state in [*marked, *broken, *lost]),
    )


def _reason(tally: _Tally, config: EvaluationConfig) -> GateReason | None:
    every = config.pixel_subset == "all"
    closed: list[tuple[GateReason, bool]] = [
        ("disabled_by_config", not config.pixel_metrics),
        ("no_test_anomalies", tally.anomalous == 0),
        ("no_masks", tally.missing == tally.anomalous),
        ("missing_masks", every and tally.missing > 0),
        ("unusable_masks", tally.usable == 0 or (every and tally.broken > 0)),
        ("mask_on_normal", tally.on_normal > 0),
        ("empty_masks", tally.empty == tally.usable),
    ]
    return next((reason for reason, holds in closed if holds), None)


def _message(reason: GateReason | None, tally: _Tally, subset: str) -> str:
    anomalous = number_of(tally.anomalous, "anomalous test image")
    normal = number_of(tally.on_normal, "normal test image has", "normal test images have")
    differ = agree(tally.broken, "differs", "differ")
    masks = "the only mask of an anomalous image is", f"all {tally.empty} masks of anomalous images are"
    subset_advice = 'or set evaluation.pixel_subset = "masked"'
    messages: dict[GateReason | None, str] = {
        None: f"pixel metrics cover {tally.usable} of {anomalous} and "
        f"{number_of(tally.normal, 'normal one')}",
        "disabled_by_config": "pixel metrics are switched off by evaluation.pixel_metrics",
        "no_test_anomalies": "there are no anomalous test images",
        "no_masks": agree(
            tally.anomalous, "the only anomalous test image has no mask", f"none of {anomalous} has a mask"
        ),
        "missing_masks": f"{tally.missing} of {anomalous} "
        f"{agree(tally.missing, 'has no mask: add it', 'have no mask: add them')}, {subset_advice}",
        "unusable_masks": f"{number_of(tally.broken, 'mask')} can't be read or {differ} in size from the "
        f"image: mend {agree(tally.broken, 'it', 'them')}, {subset_advice}",
        "mask_on_normal": f"{normal} a mask that marks a defect: mend label or mask",
        "empty_masks": f"{agree(tally.empty, *masks)} empty: there is no defect to find",
    }
    message = messages[reason]
    if reason is None and subset == "masked":
        message += " (the masked subset only)"
    if reason is None and tally.empty:
        counts = agree(tally.empty, "is empty and counts", "are empty and count")
        message += f"; {tally.empty} of the masks {counts} as all normal"
    return message


def _problem(sample: Sample, state: MaskState) -> str:
    detail = "marks a defect on a normal image" if state.on_normal else state.detail
    return f"{sample.record.mask_path}: {detail}"


def _size_or_none(sample: Sample) -> tuple[int, int] | None:
    try:
        return image_size(sample.image)
    except ImageError:
        return None
