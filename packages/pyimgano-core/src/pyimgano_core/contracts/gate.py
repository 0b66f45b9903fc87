"""Whether pixel metrics can be trusted, and what each mask is worth."""

from __future__ import annotations

from typing import Literal

from attrs import define

MaskStatus = Literal["ok", "empty", "absent", "not_found", "unreadable", "size_mismatch"]
GateReason = Literal[
    "disabled_by_config",
    "no_test_anomalies",
    "no_masks",
    "missing_masks",
    "unusable_masks",
    "empty_masks",
    "mask_on_normal",
    "no_maps",
    "missing_maps",
]


@define(frozen=True, kw_only=True)
class MaskState:
    """What became of reading one sample's mask.

    `absent` is a record without `mask_path`, `empty` a mask that marks nothing. `on_normal` tells of a mask
    that marks a defect on an image that is labelled normal. `detail` says what is wrong.
    """

    status: MaskStatus
    on_normal: bool = False
    detail: str = ""


@define(frozen=True, kw_only=True)
class PixelGate:
    """Whether pixel metrics are computed, and if not, why.

    `message` says it in words. `n_usable_masks` of the `n_anomalous` test images have a mask that can be
    used, `empty_masks` of these mark nothing. `problems` names masks at fault, the first few of many.
    """

    enabled: bool
    reason: GateReason | None = None
    message: str = ""
    subset: Literal["all", "masked"] = "all"
    n_anomalous: int = 0
    n_usable_masks: int = 0
    empty_masks: int = 0
    problems: tuple[str, ...] = ()
