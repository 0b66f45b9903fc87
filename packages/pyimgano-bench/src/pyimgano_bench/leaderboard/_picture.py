"""The picture of what quality costs: mean image AUROC over cost, on a logarithmic axis, with the front."""

from __future__ import annotations

from html import escape
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING

from attrs import define

from pyimgano_bench.leaderboard._front import front_in_words, pareto_front

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyimgano_bench.leaderboard._cost import Price
    from pyimgano_bench.leaderboard._front import Contender

_WIDTH, _HEIGHT = 620, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 24, 34, 52
_RADIUS = 5.5  # of a mark
_LINE = 20  # between two names that would overlap
_LETTER = 9  # about as wide, where letters are largest
_PARTS = 8  # of the upright axis, at most as many
_STEPS = (1, 2, 5, 10)
_FACTORS = ((10.0, (1, 2, 3, 4, 5, 6, 8)), (1e3, (1, 2, 5)), (inf, (1,)))  # by the length of an axis
_ROOM = 1.6  # the factor that the cost axis goes on at both ends


@define(frozen=True)
class _Frame:
    """Where values stand: the ends of both axes."""

    cost: tuple[float, float]
    value: tuple[float, float]

    def x(self, cost: float) -> float:
        low, high = map(log10, self.cost)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (log10(cost) - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self.value
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)


def picture(contenders: Sequence[Contender], price: Price) -> str:
    """Return the picture with its sentences; nothing for less than two contenders."""
    if len(contenders) < 2:  # noqa: PLR2004 - one has nothing to stand against
        return ""
    frame, front = _frame(contenders), pareto_front(contenders)
    steps = [f"{frame.x(each.cost):.1f} {frame.y(each.value):.1f}" for each in front]
    parts = [
        *_axes(frame, price),
        f'<path class="line" d="M{"L".join(steps)}"/>',
        *(_mark(frame, each, "front" if each in front else "behind") for each in contenders),
        *_names(frame, contenders, front),
    ]
    sentences = " ".join(front_in_words(contenders, price))
    label = f"Mean image AUROC over {price.name}. {sentences}"
    opening = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
    caption = f"{sentences} Up and left is better. Bars are the intervals of the means."
    return f"<figure>{opening}{''.join(parts)}</svg><figcaption>{escape(caption)}</figcaption></figure>"


def _frame(contenders: Sequence[Contender]) -> _Frame:
    costs = [each.cost for each in contenders]
    ends = [end for each in contenders for end in (each.low, each.high, each.value) if end is not None]
    room = 0.06 * (max(ends) - min(ends)) or 0.01
    values = max(0.0, min(ends) - room), min(1.0, max(ends) + room)
    return _Frame((min(costs) / _ROOM, max(costs) * _ROOM), values)


def _axes(frame: _Frame, price: Price) -> Iterator[str]:
    base = _HEIGHT - _BOTTOM
    for value, word in _even_ticks(*frame.value):
        y = frame.y(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield _text(_LEFT - 8, y + 4, word, "end")
    for cost in _log_ticks(*frame.cost):
        x = frame.x(cost)
        yield f'<path class="axis" d="M{x:.1f} {base}v5"/>'
        yield _text(x, base + 20, f"{cost:g}", "middle")
    yield f'<path class="axis" d="M{_LEFT} {base}H{_WIDTH - _RIGHT}"/>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield _text(middle, _HEIGHT - 8, f"{price.name}, {price.unit} (logarithmic)", "middle")
    yield _text(4, 16, "mean image AUROC", "start")


def _mark(frame: _Frame, contender: Contender, kind: str) -> str:
    x, y = frame.x(contender.cost), frame.y(contender.value)
    bar = ""
    if contender.low is not None and contender.high is not None:
        ends = f"M{x:.1f} {frame.y(contender.low):.1f}V{frame.y(contender.high):.1f}"
        bar = f'<path class="bar {kind}" d="{ends}"/>'
    return f'{bar}<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"/>'


def _names(frame: _Frame, contenders: Sequence[Contender], front: Sequence[Contender]) -> Iterator[str]:
    """Yield the names beside their marks, from above; one that would cover a mark or a name moves down."""
    marks = [(frame.x(each.cost), frame.y(each.value)) for each in contenders]
    placed = [(x - _RADIUS, x + _RADIUS, y + 4) for x, y in marks]  # left, right, foot
    for each in sorted(contenders, key=lambda each: -each.value):
        x, y = frame.x(each.cost), frame.y(each.value) + 4
        length = _LETTER * len(each.name)
        anchor, shift = ("end", -11) if x > _WIDTH * 0.6 else ("start", 11)
        left = x + shift - (length if anchor == "end" else 0)
        for other_left, other_right, foot in sorted(placed, key=lambda place: place[2]):
            if left < other_right and other_left < left + length and abs(y - foot) < _LINE:
                y = foot + _LINE
        placed.append((left, left + length, y))
        yield _text(x + shift, y, each.name, anchor, "name front" if each in front else "name")


def _text(x: float, y: float, content: str, anchor: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(content)}</text>'


def _even_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return round numbers within an axis, at most eight."""
    rough = (high - low) / _PARTS
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough * 0.999)
    digits = max(0, -floor(log10(step) + 1e-9))
    return [(n * step, f"{n * step:.{digits}f}") for n in range(ceil(low / step), floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers within an axis: powers of ten alone on a long one, more between on a short one."""
    factors = next(factors for length, factors in _FACTORS if high / low < length)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [cost for power in powers for factor in factors if low <= (cost := factor * 10.0**power) <= high]
