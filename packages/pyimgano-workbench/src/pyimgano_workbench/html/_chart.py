"""The frame that every chart of the report stands in: axes with round numbers, a title, and what is what."""

from __future__ import annotations

from html import escape
from math import floor, log10
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 440, 264
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 30, 42
_STEPS = (1, 2, 5, 10)
_PARTS = 5  # of an axis, about as many


@define(frozen=True)
class Frame:
    """Where values stand in a chart: the least and the largest of each axis."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at_x(self, value: float) -> float:
        """Return the horizontal place of a value."""
        low, high = self.x
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    def at_y(self, value: float) -> float:
        """Return the vertical place of a value."""
        low, high = self.y
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    def path(self, x: Iterable[float], y: Iterable[float]) -> str:
        """Return the commands of a line through points."""
        points = (f"{self.at_x(a):.1f} {self.at_y(b):.1f}" for a, b in zip(x, y, strict=True))
        return f"M{'L'.join(points)}"


def widened(low: float, high: float) -> tuple[float, float]:
    """Return an axis with some room at both ends."""
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def text(x: float, y: float, content: str, anchor: str = "middle", kind: str = "") -> str:
    """Return a text of a chart."""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(content)}</text>'


def mark(frame: Frame, value: float, name: str, level: int = 0) -> str:
    """Return a dashed upright line at a value, with its name on the side where there is room."""
    x = frame.at_x(value)
    anchor, shift = ("end", -5) if x > (LEFT + WIDTH) / 2 else ("start", 5)
    line = f'<path class="mark" d="M{x:.1f} {TOP - 6}V{HEIGHT - BOTTOM}"/>'
    return line + text(x + shift, TOP + 6 + 16 * level, name, anchor, "strong")


def dot(frame: Frame, x: float, y: float, *, hollow: bool = False) -> str:
    """Return a dot for an operating point."""
    kind = "dot hollow" if hollow else "dot"
    return f'<circle class="{kind}" cx="{frame.at_x(x):.1f}" cy="{frame.at_y(y):.1f}" r="5"/>'


def chart(
    frame: Frame, content: str, labels: tuple[str, str], name: str, x_ticks: Sequence[str] | None = None
) -> str:
    """Return a chart as SVG.

    Args:
        frame: its axes.
        content: what is drawn, as SVG.
        labels: of the axes.
        name: what it shows, for those who can't see it.
        x_ticks: texts at the ends of the horizontal axis in place of numbers.
    """
    base = HEIGHT - BOTTOM
    rows = "".join(_row(frame, value, word) for value, word in _ticks(*frame.y))
    if x_ticks is None:
        columns = "".join(text(frame.at_x(value), base + 17, word) for value, word in _ticks(*frame.x))
    else:
        first, last = x_ticks
        columns = text(LEFT, base + 17, first, "start") + text(WIDTH - RIGHT, base + 17, last, "end")
    axis = f'<path class="axis" d="M{LEFT} {base}H{WIDTH - RIGHT}"/>'
    titles = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, labels[0]) + text(4, 11, labels[1], "start")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
        f"{rows}{content}{axis}{columns}{titles}</svg>"
    )


def figure(title: str, svg: str, notes: Iterable[str], keys: Iterable[tuple[str, str]] = ()) -> str:
    """Return a chart with what must be known of it below.

    Args:
        title: of the chart.
        svg: the chart.
        notes: sentences.
        keys: the class of a colour, and what has it.
    """
    legend = "".join(f'<span class="key {kind}"></span>{escape(word)} ' for kind, word in keys)
    below = "<br>".join(filter(None, [legend.strip(), " ".join(map(escape, notes))]))
    return f'<figure class="chart"><h4>{escape(title)}</h4>{svg}<figcaption>{below}</figcaption></figure>'


def _row(frame: Frame, value: float, word: str) -> str:
    y = frame.at_y(value)
    return f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>' + text(LEFT - 6, y + 4, word, "end")


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return round numbers within an axis, about five."""
    rough = (high - low) / _PARTS
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in _STEPS if power * factor >= rough * 0.999)
    first, last = floor(low / step + 0.999), floor(high / step + 0.001)
    digits = max(0, -floor(log10(step) + 1e-9))
    return [(index * step, f"{index * step + 0.0:.{digits}f}") for index in range(first, last + 1)]
