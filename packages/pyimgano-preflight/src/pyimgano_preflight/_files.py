"""Checks on image files: every image is decoded once, by the loader that training uses."""

from __future__ import annotations

import errno
import os
import warnings
from typing import TYPE_CHECKING

from pyimgano_core.engine import map_ordered
from pyimgano_core.errors import ImageError
from pyimgano_core.images import read_image
from pyimgano_preflight._header import Finding, header_findings
from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection

_STORAGE = "PF901"
_CODES = {
    "not_found": "PF201",
    "not_regular": "PF209",
    "not_readable": "PF210",
    "empty_file": "PF211",
    "unidentified": "PF301",
    "truncated": "PF302",
    "too_large": "PF304",
    "unsupported_mode": "PF315",
    "corrupt": "PF401",
}
_ERRNO_CODES = {errno.ELOOP: "PF208", errno.ENAMETOOLONG: "PF201"}


def file_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of all image files, in the order of the samples; a file named twice is told once."""
    bounds = inspection.config.dataset.sixteen_bit_range

    def inspect(sample: Sample) -> tuple[Finding, ...]:
        return inspect_image(sample.image, bounds)

    unique: dict[str, Sample] = {}
    for sample in inspection.prepared.samples:
        unique.setdefault(os.path.normpath(sample.image), sample)
    samples = list(unique.values())
    # Pillow warns of odd headers. Filters belong to the process, so they are set once, around all threads.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = map_ordered(inspect, samples)
        tracked = inspection.progress.track(found, "decoding images", len(samples))
        findings = list(zip(samples, tracked, strict=True))
    for sample, of_sample in findings:
        for finding in of_sample:
            yield sample_issue(finding.code, sample, finding.message, data=finding.data)


def inspect_image(path: Path, sixteen_bit_range: tuple[int, int]) -> tuple[Finding, ...]:
    """Return what is wrong with one image, or odd about it; the pixels are decoded and dropped."""
    try:
        read_image(path, sixteen_bit_range=sixteen_bit_range)
    except ImageError as exc:
        return (Finding(code=_code(exc), message=str(exc).removeprefix(f"{exc.path}: ")),)
    return tuple(header_findings(path))


def _code(error: ImageError) -> str:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _ERRNO_CODES:
        return _ERRNO_CODES[cause.errno]
    return _CODES.get(error.code, _STORAGE)
