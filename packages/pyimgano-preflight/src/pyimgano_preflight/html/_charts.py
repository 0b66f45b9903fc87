"""Bars and histograms as inline SVG. Every text in them is a number or a word of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = ("var(--train)", "var(--normal)", "var(--anomalous)")
"""Of train, normal test and anomalous test images."""

_WIDTH = 440
_LABELS, _COUNTS, _ROW = 96, 56, 22
_HEIGHT, _MARGIN, _BASE = 150, 8, 126


def bars(rows: Sequence[tuple[str, Sequence[int]]], name: str) -> str:
    """Return a bar per row, each of one part per colour, as long as its count.

    Args:
        rows: a label, and the counts of its parts.
        name: what the chart shows, for those who can't see it.
    """
    top = max((sum(parts) for _, parts in rows), default=0) or 1
    scale = (_WIDTH - _LABELS - _COUNTS) / top
    drawn = "".join(_bar(index * _ROW, label, parts, scale) for index, (label, parts) in enumerate(rows))
    return _svg(drawn, _ROW * len(rows), name)


def histogram(series: Sequence[Sequence[int]], ends: tuple[str, str], name: str) -> str:
    """Return one outline per series: the share of its values in each bin.

    Args:
        series: for each colour the counts of all bins.
        ends: what stands below the first bin and the last one.
        name: what the axis shows.
    """
    shares = [[count / (sum(counts) or 1) for count in counts] for counts in series]
    top = max(max(share) for share in shares) or 1.0
    lines = [
        _outline(share, top, colour) for share, colour in zip(shares, COLOURS, strict=True) if any(share)
    ]
    low, high = ends
    axis = (
        f'<path d="M{_MARGIN} {_BASE}H{_WIDTH - _MARGIN}" stroke="var(--line)" stroke-width="2"/>'
        + _text(_MARGIN, _BASE + 17, low, "start")
        + _text(_WIDTH / 2, _BASE + 17, name, "middle")
        + _text(_WIDTH - _MARGIN, _BASE + 17, high, "end")
    )
    return _svg("".join(lines) + axis, _HEIGHT, name)


def _bar(y: int, label: str, parts: Sequence[int], scale: float) -> str:
    x = float(_LABELS)
    drawn = _text(_LABELS - 8, y + 15, label, "end")
    for count, colour in zip(parts, COLOURS, strict=True):
        if count:
            width = max(1.0, count * scale)
            drawn += f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="14" fill="{colour}"/>'
            x += width
    return drawn + _text(x + 6, y + 15, f"{sum(parts):,}", "start")


def _outline(shares: Sequence[float], top: float, colour: str) -> str:
    step = (_WIDTH - 2 * _MARGIN) / len(shares)
    heights = [_BASE - (_BASE - 2 * _MARGIN) * share / top for share in shares]
    steps = "".join(
        f"V{height:.1f}H{_MARGIN + step * (index + 1):.1f}" for index, height in enumerate(heights)
    )
    return (
        f'<path d="M{_MARGIN} {_BASE}{steps}V{_BASE}" fill="{colour}" fill-opacity="0.22" stroke="{colour}" '
        'stroke-width="1.5"/>'
    )


def _text(x: float, y: float, content: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="var(--muted)">{content}</text>'


def _svg(content: str, height: int, name: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{name}">{content}</svg>'
