"""A few-shot study as one picture: AUROC by the number of images, self-contained SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyimgano_bench.notes import trial_in_words
from pyimgano_bench.study.drawing import label, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_bench.fewshot._summary import FewShotResults, Point, Spread

_WIDTH, _HEIGHT, _LEFT, _TOP, _LEGEND, _FOOT = 420, 260, 60, 40, 190, 50
_ENTRY = 18  # height of a line of the legend
_LIGHT = ("#0b62a8", "#b3471e", "#2b7a3f", "#7a3f98", "#8a6d00", "#00747a", "#a8326b", "#4d4d4d")
_DARK = ("#6cb4f5", "#f2946a", "#74c98a", "#c79be3", "#d9b93f", "#4fc4ca", "#f07fb2", "#bfc6cd")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_STEPS = (0.01, 0.02, 0.05, 0.1)
_MOST_TICKS = 6
_NAME = 22  # characters of a detector's name in the legend


def svg_picture(results: FewShotResults) -> str:
    """Return the picture: a curve per detector with its lowest and highest draw, a panel per data set."""
    detectors = list(dict.fromkeys(point.detector for point in results.points))
    panels = list(dict.fromkeys(point.dataset for point in results.points))
    panel = _TOP + max(_HEIGHT, _ENTRY * len(detectors)) + _FOOT
    width, height = _LEFT + _WIDTH + _LEGEND, panel * len(panels) + 34
    body = [
        f'<g transform="translate(0 {index * panel})">'
        f"{''.join(_panel(name, [p for p in results.points if p.dataset == name], detectors))}</g>"
        for index, name in enumerate(panels)
    ]
    foot = "Lines: mean over draws and seeds; areas: from the lowest to the highest."
    if results.trial is not None:
        foot = f"{trial_in_words(results.trial)}."
    body.append(f'<text class="soft" x="10" y="{height - 14}">{foot}</text>')
    return page("AUROC by the number of normal images", "".join(body), width, height, _style())


def _style() -> str:
    light = "".join(f".c{index}{{color:{colour}}}" for index, colour in enumerate(_LIGHT))
    dark = "".join(f".c{index}{{color:{colour}}}" for index, colour in enumerate(_DARK))
    return f"{light}@media(prefers-color-scheme:dark){{{dark}}}"


def _panel(name: str, points: Sequence[Point], detectors: Sequence[str]) -> Iterator[str]:
    yield f'<text class="title" x="{_LEFT}" y="22">{label(name)}: image AUROC by normal images</text>'
    drawn = [(point, spread) for point in points if (spread := point.metrics["image_auroc"]) is not None]
    if not drawn:
        yield f'<text class="soft" x="{_LEFT}" y="60">no AUROC is defined</text>'
        return
    counts = sorted({point.count for point, _ in drawn})
    scale = _Scale(counts, min(spread.low for _, spread in drawn), max(spread.high for _, spread in drawn))
    yield from _axes(scale, counts)
    for index, detector in enumerate(detectors):
        own = [(point.count, spread) for point, spread in drawn if point.detector == detector]
        own.sort(key=lambda pair: pair[0])
        if own:
            yield f'<g class="c{index % len(_LIGHT)}">{"".join(_curve(scale, own, detector, index))}</g>'


class _Scale:
    """Where a number of images, on a logarithmic axis, and a value are drawn."""

    def __init__(self, counts: Sequence[int], low: float, high: float) -> None:
        self.step = next((s for s in _STEPS if (high - low) / s < _MOST_TICKS), _STEPS[-1])
        self.low = math.floor(low / self.step) * self.step
        self.high = max(math.ceil(high / self.step) * self.step, self.low + self.step)
        self._first = math.log2(counts[0])
        self._span = max(math.log2(counts[-1]) - self._first, 1.0)

    def x(self, count: int) -> float:
        return round(_LEFT + 20 + (math.log2(count) - self._first) / self._span * (_WIDTH - 40), 1)

    def y(self, value: float) -> float:
        return round(_TOP + (self.high - value) / (self.high - self.low) * _HEIGHT, 1)


def _axes(scale: _Scale, counts: Sequence[int]) -> Iterator[str]:
    for index in range(round((scale.high - scale.low) / scale.step) + 1):
        value = scale.low + index * scale.step
        top = scale.y(value)
        yield f'<path class="line" d="M{_LEFT} {top}h{_WIDTH}"/>'
        yield f'<text class="end soft" x="{_LEFT - 8}" y="{top + 4}">{value:.2f}</text>'
    for count in counts:
        yield f'<text class="middle soft" x="{scale.x(count)}" y="{_TOP + _HEIGHT + 18}">{count}</text>'
    middle = _LEFT + _WIDTH // 2
    yield f'<text class="middle soft" x="{middle}" y="{_TOP + _HEIGHT + 36}">normal images</text>'


def _curve(scale: _Scale, points: Sequence[tuple[int, Spread]], detector: str, index: int) -> Iterator[str]:
    dash = _DASHES[index // len(_LIGHT) % len(_DASHES)]
    centre = " ".join(f"{scale.x(count)},{scale.y(spread.mean)}" for count, spread in points)
    upper = [f"{scale.x(count)},{scale.y(spread.high)}" for count, spread in points]
    lower = [f"{scale.x(count)},{scale.y(spread.low)}" for count, spread in reversed(points)]
    yield f'<polygon points="{" ".join(upper + lower)}" fill="currentColor" fill-opacity="0.12"/>'
    line = f'fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="{dash}"'
    yield f'<polyline points="{centre}" {line}/>'
    for count, spread in points:
        yield f'<circle cx="{scale.x(count)}" cy="{scale.y(spread.mean)}" r="3.5" fill="currentColor"/>'
    top = _TOP + 12 + _ENTRY * index
    yield f'<path d="M{_LEFT + _WIDTH + 8} {top}h18" {line}/>'
    yield f'<text x="{_LEFT + _WIDTH + 30}" y="{top + 4}">{label(detector, _NAME)}</text>'
