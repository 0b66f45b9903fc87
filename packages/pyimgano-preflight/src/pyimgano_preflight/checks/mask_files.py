"""Checks on mask files: how they are stored, and whether they can be the masks of their images."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.manifest import columns_of, mask_file
from pyimgano_preflight.rules import sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyimgano_core.contracts.config import DatasetConfig
    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FileFacts, HeaderFacts, MaskFacts

    Uses = Mapping[str, list[int]]

_MIDDLE_GREY = 127
_LOSSY_FORMATS = ("JPEG", "MPO")
_MANY_CHANNELS = ("LA", "PA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_LARGEST_SHARE = 0.95
_SHOWN_VALUES = 4


class _Words(NamedTuple):
    """What the values of a mask are called, how low ones look, and what counts."""

    values: str
    looks: str
    counts: str


_GREY = _Words("values", " and looks black", "every value but 0 counts as defect")
_COLOURED = _Words("levels of brightness", "", "every colour but black counts as defect")


def mask_file_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield what is odd about each mask file, told once, at the first sample that names it."""
    uses = _uses(inspection)
    images = _masks_that_are_images(inspection, uses)
    for key, numbers in uses.items():
        samples = [inspection.prepared.samples[number] for number in numbers]
        first = samples[0]
        facts = inspection.facts.mask(first)
        if key in images:
            message = f"is no mask, but has the same bytes as the image {images[key]!r}: correct mask_path"
            yield _issue("PF509", first, message, image=images[key])
        elif facts is not None:
            yield from _shared(samples)
            yield from _stored(first, facts)
            yield from _marked(samples, facts, inspection.config.dataset)


def _uses(inspection: Inspection) -> dict[str, list[int]]:
    """Return the numbers of the samples of each mask file, in their order."""
    uses: dict[str, list[int]] = {}
    samples = inspection.prepared.samples
    for number in np.flatnonzero(columns_of(samples).masked).tolist():
        uses.setdefault(os.path.normpath(mask_file(samples, number) or ""), []).append(number)
    return uses


def _masks_that_are_images(inspection: Inspection, uses: Uses) -> dict[str, str]:
    """Return, for masks that are images, which: by the file itself, and by content where it was hashed."""
    keys: dict[object, list[str]] = {}
    for key, numbers in uses.items():
        for mark in _marks(inspection.facts.mask(inspection.prepared.samples[numbers[0]])):
            keys.setdefault(mark, []).append(key)
    found: dict[str, str] = {}
    for sample, facts in inspection.facts.images() if keys else ():
        for mark in _marks(facts):
            found.update(dict.fromkeys(keys.get(mark, ()), sample.record.image_path))
    return found


def _marks(facts: FileFacts | None) -> Iterator[object]:
    """Yield what two files have in common only where they are one, or equal."""
    if facts is not None:
        yield from (mark for mark in (facts.inode, facts.sha256) if mark is not None)


def _shared(samples: Sequence[Sample]) -> Iterator[Issue]:
    """Only anomalous images count: one empty mask may serve all normal ones."""
    anomalous = [sample for sample in samples if sample.record.label == ANOMALOUS]
    images = list(dict.fromkeys(sample.record.image_path for sample in anomalous))
    if len(images) > 1:
        named = f"is the mask of {len(images)} anomalous images, such as {images[0]!r} and {images[1]!r}"
        yield _issue("PF510", anomalous[0], f"{named}: give each its own", images=len(images))


def _stored(sample: Sample, facts: FileFacts) -> Iterator[Issue]:
    header = facts.header
    if header is None:
        return
    if header.format in _LOSSY_FORMATS:
        message = f"is a JPEG: pixels above {_MIDDLE_GREY} count as defect; export it as PNG from its source"
        yield _issue("PF508", sample, message, format=header.format)
        return
    if header.mode in _MANY_CHANNELS:
        message = f"is stored as {header.mode}: every colour but black counts as defect; save it as grey"
        yield _issue("PF512", sample, message, mode=header.mode)
    if facts.mask is not None:
        yield from _values(sample, facts.mask, _GREY if _is_grey(header) else _COLOURED)


def _values(sample: Sample, mask: MaskFacts, words: _Words) -> Iterator[Issue]:
    data = {"values": list(mask.values), "value_count": mask.value_count}
    highest = max(mask.values, default=0)
    if mask.marked and mask.value_count == len(mask.values) and highest <= _MIDDLE_GREY:
        message = (
            f"marks with {words.values} up to {highest}{words.looks}: {words.counts} here, where a cut at "
            "middle grey leaves nothing"
        )
        yield _issue("PF507", sample, message, **data)
    elif mask.value_count > 2:  # noqa: PLR2004 - two values make it binary
        shown = ", ".join(map(str, mask.values[:_SHOWN_VALUES]))
        more = ", …" if mask.value_count > _SHOWN_VALUES else ""
        held = f"holds {mask.value_count} {words.values} ({shown}{more})"
        yield _issue("PF506", sample, f"{held}: {words.counts}; save it with 0 and 255 only", **data)


def _marked(samples: Sequence[Sample], facts: FileFacts, dataset: DatasetConfig) -> Iterator[Issue]:
    mask = facts.mask
    if mask is None:
        return
    if mask.marked > _LARGEST_SHARE * mask.pixels:
        share = mask.marked / mask.pixels
        message = f"marks {share:.1%} of its pixels: invert it, if the defect is the dark part"
        yield _issue("PF511", samples[0], message, marked=mask.marked, pixels=mask.pixels)
    anomalous = next((sample for sample in samples if sample.record.label == ANOMALOUS), None)
    height, width = dataset.resize
    left = mask.marked * height * width / mask.pixels
    if anomalous is not None and 0 < left < 1 and dataset.tiling is None:  # tiles are not resized
        yield _tiny(anomalous, mask, dataset.resize, left)


def _tiny(sample: Sample, mask: MaskFacts, resize: tuple[int, int], left: float) -> Issue:
    factor = math.sqrt(1 / left)
    needed = [math.ceil(side * factor) for side in resize]
    height, width = resize
    message = (
        f"marks {mask.marked:,} of {mask.pixels:,} pixels, {left:.2g} of one at dataset.resize "
        f"{height}x{width}: raise it to {needed[0]}x{needed[1]} at least, or cut the image into tiles "
        "(dataset.tiling)"
    )
    return _issue("PF513", sample, message, marked=mask.marked, pixels=mask.pixels, needed_resize=needed)


def _is_grey(header: HeaderFacts) -> bool:
    return header.mode in ("1", "L") or header.mode.startswith("I")


def _issue(code: str, sample: Sample, message: str, **data: object) -> Issue:
    return sample_issue(code, sample, message, field="mask_path", data=data)
