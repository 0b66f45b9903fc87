"""What decoded images look like: constant, cut off, dark or bright, blurred, or of low contrast.

Only a constant image is wrong by itself: dark fields, bright fields and soft optics are legitimate scenes.
All else is judged against the normal images of the same category. An image is told its first fault only.
"""

from __future__ import annotations

from itertools import islice
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_core.words import agree, images_in_words, number_of
from pyimgano_preflight.checks.usual import FEATURES, FEWEST_NORMALS, Look, find_usual
from pyimgano_preflight.rules import rule_issue, sample_issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.issue import Issue
    from pyimgano_core.contracts.record import Sample
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.checks.usual import Deviation, Feature, Usual
    from pyimgano_preflight.facts import PixelFacts

# What 12 bits leave where the image is read as one of 16.
_FEW_LEVELS = 16.0


def content_issues(inspection: Inspection) -> Iterator[Issue]:
    """Yield the faults of all decoded images, category by category, and what could not be judged."""
    for category, images in inspection.facts.images_by_category("pixels"):
        looks = [
            _look(sample, facts.pixels, None if facts.header is None else facts.header.size)
            for sample, facts in images
            if facts.pixels is not None
        ]
        yield from _of_category(category, looks)


def _look(sample: Sample, pixels: PixelFacts, size: tuple[int, int] | None) -> Look:
    thumbnail = np.frombuffer(bytes.fromhex(pixels.thumbnail), np.uint8)  # (256,)
    return Look(
        sample=sample,
        pixels=evolve(pixels, difference_hash="", thumbnail=""),  # those of a category are held at once
        size=size,
        coarse_variance=float(thumbnail.var()),
    )


def _of_category(category: str, looks: Sequence[Look]) -> Iterator[Issue]:
    varied = [look for look in looks if not look.is_constant]
    normals = [look for look in varied if look.sample.record.label != ANOMALOUS]
    usual = find_usual(normals)
    for look in looks:
        yield from islice(_faults(look, usual), 1)
    if varied:
        yield from _few_levels(category, varied)
        yield from _unjudged(category, varied, len(normals), usual)


def _faults(look: Look, usual: Usual | None) -> Iterator[Issue]:
    if look.is_constant:
        value = look.pixels.minimum
        message = f"all its pixels have the grey value {value:.0f}; take it again or leave it out"
        yield sample_issue("PF403", look.sample, message, data={"value": value})
    if usual is None:
        return
    for feature in FEATURES:
        found = usual.deviation(feature, look)
        if found is not None:
            yield _unlike(feature, look, found)


def _unlike(feature: Feature, look: Look, found: Deviation) -> Issue:
    numbers = {"value": found.value, "usual": found.bound.usual, "lowest": found.bound.lowest}
    return sample_issue(
        feature.code,
        look.sample,
        feature.message.format(value=found.value, usual=found.bound.usual),
        data={name: float(f"{number:.4g}") for name, number in numbers.items()},
    )


def _few_levels(category: str, varied: Sequence[Look]) -> Iterator[Issue]:
    span = median(look.pixels.maximum - look.pixels.minimum for look in varied)
    if span <= _FEW_LEVELS:
        message = (
            f"category {category!r}: half of the images span {number_of(round(span), 'grey level')} or "
            "fewer; check the exposure, and dataset.sixteen_bit_range for 16-bit images"
        )
        yield rule_issue("PF407", message, category=category, data={"span": span})


def _unjudged(category: str, varied: Sequence[Look], normals: int, usual: Usual | None) -> Iterator[Issue]:
    """Yield which rules were silent, for want of normal images to compare with."""
    if usual is None:
        message = (
            f"category {category!r}: PF404 to PF408 were not looked for: they compare with at least "
            f"{FEWEST_NORMALS} normal images, and {normals} could be decoded"
        )
        yield rule_issue("PF902", message, category=category, data={"normals": normals})
        return
    for feature in FEATURES:
        count = sum(not usual.knows(feature, look) for look in varied)
        if count:
            images = images_in_words(len(varied))
            message = (
                f"category {category!r}: {feature.code} was not looked for in {count} of {images}, whose "
                f"{agree(count, 'size', 'sizes')} fewer than {FEWEST_NORMALS} normal images have"
            )
            yield rule_issue("PF902", message, category=category, data={"images": count})
