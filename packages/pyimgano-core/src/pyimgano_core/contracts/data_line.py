"""One line of a run's `data.jsonl`."""

from __future__ import annotations

from attrs import define, field

from pyimgano_core.contracts.record import Role


@define(frozen=True, kw_only=True)
class DataLine:
    """An image that a run saw, with its role; `data.jsonl` of a category lists them all.

    Attributes:
        role: `train` where it was learnt from, `calibration` where thresholds were set on it, `test` where it
            was measured.
        input: the path as the manifest has it.
        label: 0 for normal, 1 for anomalous.
        sha256: the content of the image's file, in hexadecimal; null where it could not be read.
        mask_sha256: the same of its mask; absent where it has none, or where that could not be read.
    """

    role: Role
    input: str
    label: int
    sha256: str | None
    mask_sha256: str | None = field(default=None, metadata={"omit_default": True})
