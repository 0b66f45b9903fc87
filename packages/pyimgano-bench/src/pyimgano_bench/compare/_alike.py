"""Whether fits can be compared: the same test images and truth, and metrics up to the same limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_bench.compare._spread import same_images
from pyimgano_bench.rows import PIXEL_METRICS
from pyimgano_core.metrics import SketchOptions
from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.report import CategoryReport
    from pyimgano_core.metrics import Sketch

    Fits = Sequence[tuple[CategoryReport, Sketch]]

_LIMITS = {  # of pixel metrics, by the fields that hold them
    "aupro": ("aupro_limit",),
    "au_spro": ("aupro_limit", "saturation"),
    "aupimo": ("aupimo_limits",),
}


def unlike(ours: Fits, theirs: Fits, *, same_seeds: bool) -> str | None:
    """Say why two sides' test images can't be compared, None where they can.

    Seeds may have test images of their own, where the split follows the seed; both sides then need the same
    seeds. Otherwise all fits are of the same images.
    """
    everything = [*ours, *theirs]
    if same_seeds and not same_images([sketch for _, sketch in everything]):
        pairs = list(zip(ours, theirs, strict=True))
    else:
        pairs = [(everything[0], each) for each in everything[1:]]
    return next((problem for pair in pairs if (problem := _unlike(*pair)) is not None), None)


def _unlike(one: tuple[CategoryReport, Sketch], other: tuple[CategoryReport, Sketch]) -> str | None:
    (first_report, first), (second_report, second) = one, other
    contents = [report.split_fingerprint.test_sha256 for report in (first_report, second_report)]
    if not np.array_equal(first.names, second.names):
        count = len(np.setxor1d(first.names, second.names))
        return f"the test images are not the same: {images_in_words(count)} scored on one side only"
    if not np.array_equal(first.anomalous, second.anomalous):
        return "the test images are not the same: their labels differ"
    if not np.array_equal(first.groups, second.groups):
        return "the test images are not the same: their groups differ"
    if None not in contents and contents[0] != contents[1]:
        return "the test images are not the same: names agree, but the contents of images or masks differ"
    return None


def limit_problem(
    metric: str, ours: Sequence[CategoryReport], theirs: Sequence[CategoryReport]
) -> str | None:
    """Say why the values of a metric are of different things, None where they are not."""
    if metric not in PIXEL_METRICS:
        return None
    for name, first, second in _settings(metric, ours[0], theirs[0]):
        if first != second:
            return f"{name} is {first} for the contender and {second} for the baseline"
    return None


def _settings(
    metric: str, ours: CategoryReport, theirs: CategoryReport
) -> Iterator[tuple[str, object, object]]:
    gates = [each.pixel_metrics_status for each in (ours, theirs)]
    yield "the subset of images with pixel metrics", gates[0].subset, gates[1].subset
    for name in _LIMITS.get(metric, ()):
        first, second = (getattr(each.results.pixel_metrics, name) for each in (ours, theirs))
        yield name, first, second


def limits_of(report: CategoryReport) -> SketchOptions:
    """Return the limits of a report's pixel metrics."""
    pixel = report.results.pixel_metrics
    if pixel is None:
        return SketchOptions()
    if pixel.aupimo_limits is None:
        return SketchOptions(aupro_limit=pixel.aupro_limit)
    return SketchOptions(aupro_limit=pixel.aupro_limit, aupimo_limits=pixel.aupimo_limits)
