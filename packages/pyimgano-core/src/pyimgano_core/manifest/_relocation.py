"""Paths as a manifest elsewhere has to write them: the way back from files to records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from pyimgano_core.artifacts import relative_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyimgano_core.contracts.record import Record, Sample, Split


def relocated(
    samples: Iterable[Sample], output: Path, sides: Sequence[Split] | None = None
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


def path_from(folder: Path, path: Path) -> str:
    """Return the way from a folder to a file or a folder, absolute where no relative one leads there."""
    start = folder.absolute()
    return _relative(path.absolute(), start, os.path.realpath(start))


def _relative(path: Path, folder: Path, real_folder: str) -> str:
    """Return `path` from `folder`, or as it is where no relative path leads there (another drive)."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    real = Path(os.path.realpath(path.parent)) / path.name  # `..` after a linked folder leads elsewhere
    return Path(relative_path(real, real_folder)).as_posix()
