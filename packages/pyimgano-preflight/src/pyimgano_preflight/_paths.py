"""Checks on paths as they are written: do they work on another machine, and do they stay in the data set."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection


def path_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of all paths, in the order of the samples."""
    written = inspection.config.dataset.name == "manifest"
    folders = [os.path.realpath(folder) for folder in inspection.folders]
    for sample in inspection.prepared.samples:
        for field, text, path in _files(sample):
            absolute = text.startswith(("/", "\\")) or PureWindowsPath(text).drive != ""
            if absolute and written:
                yield sample_issue("PF203", sample, "is absolute: write it relative", field=field)
            if "\\" in text and written:
                yield sample_issue("PF204", sample, "is written with backslashes: use slashes", field=field)
            if folders and not absolute and not _inside(path, folders):
                message = "leads out of the data set's folder: move the file in, or set dataset.root"
                yield sample_issue("PF202", sample, message, field=field)


def _files(sample: Sample) -> Iterator[tuple[str, str, Path]]:
    yield "image_path", sample.record.image_path, sample.image
    if sample.mask is not None:
        yield "mask_path", sample.record.mask_path or "", sample.mask


def _inside(path: Path, folders: list[str]) -> bool:
    """Return whether `path`, its links followed, lies in one of the real `folders`."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)
