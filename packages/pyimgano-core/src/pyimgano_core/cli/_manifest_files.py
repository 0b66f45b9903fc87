"""Records that move from one manifest to another: their paths then start from the new one's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.record import Record, Role, Sample, SampleKey, Split
    from pyimgano_core.contracts.split import SplitResult


def relocated(
    samples: Sequence[Sample], output: Path, sides: Sequence[Split] | None = None
) -> Iterator[Record]:
    """Yield the records of `samples` for a manifest at `output`.

    Args:
        samples: where the files are.
        output: the new manifest.
        sides: the split of each sample, or None to leave all splits as they are.
    """
    folder = output.absolute().parent
    real_folder = os.path.realpath(folder)
    for i, sample in enumerate(samples):
        record = sample.record
        yield evolve(
            record,
            image_path=_relative(sample.image, folder, real_folder),
            mask_path=None if sample.mask is None else _relative(sample.mask, folder, real_folder),
            split=record.split if sides is None else sides[i],
        )


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


def _relative(path: Path, folder: Path, real_folder: str) -> str:
    """Return `path` from `folder`, or as it is where no relative path leads there (another drive)."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    real = Path(os.path.realpath(path.parent)) / path.name  # `..` after a linked folder leads elsewhere
    try:
        return Path(os.path.relpath(real, real_folder)).as_posix()
    except ValueError:
        return path.as_posix()
