"""Sizes and brightness of each category's images, for train, normal test and anomalous test images apart.

Where these differ, a detector may tell them apart without looking at defects.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from pyimgano_core.contracts.record import ANOMALOUS
from pyimgano_preflight.html._charts import COLOURS, bars, histogram
from pyimgano_preflight.html._parts import left_out, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.contracts.split import CategorySplit
    from pyimgano_preflight._inspection import Inspection
    from pyimgano_preflight.facts import FactStore

_NAMES = ("train and calibration", "normal test", "anomalous test")
_MOST_CATEGORIES = 24
_MOST_SIZES = 8  # as bars; more than these are a histogram
_BINS = 32
_FAR = 3  # interquartile ranges beyond the quartiles, as for the far outliers of a box plot


@define
class _Looks:
    """What the images of a category are like; one entry per colour of the charts."""

    sizes: tuple[Counter[tuple[int, int]], ...] = field(factory=lambda: tuple(Counter() for _ in COLOURS))
    greys: tuple[Counter[int], ...] = field(factory=lambda: tuple(Counter() for _ in COLOURS))


def distributions_section(inspection: Inspection) -> str:
    """Return the charts of the first categories; brightness is known in the profile deep only."""
    categories = inspection.prepared.categories
    blocks = [_category(category.split, inspection.facts) for category in categories[:_MOST_CATEGORIES]]
    if not any(blocks):
        return ""
    keys = "".join(
        f'<span class="kind"><span class="key" style="background:{colour}"></span>{name}</span> '
        for name, colour in zip(_NAMES, COLOURS, strict=True)
    )
    deeper = "" if inspection.facts.depth == "deep" else " Brightness is measured in the profile deep."
    advice = (
        "Where these differ, a detector may tell images apart without looking at defects. "
        "The height of an outline is a share of the images of its colour."
    )
    rest = left_out(len(categories) - len(blocks), "categories")
    intro = f'<p class="muted">{advice}{deeper}</p><p>{keys}</p>'
    return f"<h2>Size and brightness</h2>{intro}{''.join(blocks)}{rest}"


def _category(split: CategorySplit, facts: FactStore) -> str:
    looks = _gather(split, facts)
    sizes = sorted(set().union(*looks.sizes))
    if not sizes:
        return ""
    charts = [_size_chart(looks, sizes)]
    if any(looks.greys):
        drawn = _histogram(looks.greys, "mean grey value of an image")
        charts.append(f"<h3>Brightness</h3>{drawn}")
    drawn = "".join(f'<div class="chart">{chart}</div>' for chart in charts)
    return f'<h3>{shown(split.category)}</h3><div class="charts">{drawn}</div>'


def _gather(split: CategorySplit, facts: FactStore) -> _Looks:
    looks = _Looks()
    for place, sample in _placed(split):
        found = facts.image(sample)
        if found.header is not None:
            looks.sizes[place][found.header.size] += 1
        if found.pixels is not None:
            looks.greys[place][int(found.pixels.mean)] += 1
    return looks


def _placed(split: CategorySplit) -> Iterator[tuple[int, Sample]]:
    """Yield each image with the place of its colour."""
    for sample in (*split.train, *split.calibration):
        yield 0, sample
    for sample in split.test:
        yield 2 if sample.record.label == ANOMALOUS else 1, sample


def _size_chart(looks: _Looks, sizes: Sequence[tuple[int, int]]) -> str:
    if len(sizes) <= _MOST_SIZES:
        rows = [
            (f"{width}x{height}", [counts[height, width] for counts in looks.sizes])
            for height, width in sizes
        ]
        return f"<h3>Size in pixels</h3>{bars(rows, 'images of each size')}"
    sides = [Counter[int]() for _ in COLOURS]
    for place, counts in enumerate(looks.sizes):
        for size, count in counts.items():
            sides[place][max(size)] += count
    return f"<h3>Size, {len(sizes):,} different ones</h3>{_histogram(sides, 'longer side in pixels')}"


def _histogram(series: Sequence[Counter[int]], name: str) -> str:
    """Return the outlines of three series; what is far from the bulk counts at the ends of the axis."""
    values = sorted(sum(series, Counter()).elements())
    low, high = _bulk(values)
    clipped = [Counter(min(max(value, low), high) for value in counts.elements()) for counts in series]
    ends = (f"{'≤ ' * (values[0] < low)}{low:,}", f"{'≥ ' * (values[-1] > high)}{high:,}")
    return histogram([_binned(counts, low, high) for counts in clipped], ends, name)


def _bulk(values: Sequence[int]) -> tuple[int, int]:
    """Return where the axis begins and ends, so that a few outliers do not squeeze all the others."""
    first, third = values[len(values) // 4], values[3 * len(values) // 4]
    reach = max(_FAR * (third - first), _BINS // 2)
    return max(values[0], first - reach), min(values[-1], third + reach)


def _binned(counts: Counter[int], low: int, high: int) -> list[int]:
    bins = [0] * _BINS
    for value, count in counts.items():
        bins[(value - low) * _BINS // (high - low + 1)] += count
    return bins
