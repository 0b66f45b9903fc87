"""What the manifest commands write: into which file, and which side each image is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyimgano_core.contracts.record import Role, Sample, SampleKey, Split
    from pyimgano_core.contracts.split import SplitResult


def sides_of(samples: Sequence[Sample], result: SplitResult, *, with_val: bool) -> list[Split]:
    """Return the split of each sample, as a manifest names it.

    Args:
        samples: the samples that `result` divides.
        result: their roles.
        with_val: whether calibration images are `val`; where they share a group with train images they stay
            `train`, as a group on two sides would be a conflict.
    """
    sides: dict[SampleKey, Split] = {}
    for category in result.categories:
        held_out: Split = "val" if with_val and category.calibration_fallback is None else "train"
        names: dict[Role, Split] = {"train": "train", "calibration": held_out, "test": "test"}
        if category.calibration_source == "val":
            names["calibration"] = "val"
        sides |= {sample.key: names[role] for role, members in category.by_role for sample in members}
    return [sides[sample.key] for sample in samples]


def new_path(path: Path | None, *, force: bool) -> Path:
    """Return `path`, where a manifest may be written.

    Raises:
        UsageError: there is no path, or something stands there and `force` does not allow to replace it.
    """
    if path is None:
        raise UsageError("--output is missing: name the manifest to write")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file: choose another --output")
    if path.exists() and not force:
        raise UsageError(f"{path} exists: choose another --output, or replace it with --force")
    return path
