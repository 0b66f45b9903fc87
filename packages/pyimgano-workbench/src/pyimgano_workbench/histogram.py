"""The score histogram of a report as inline SVG: normal and anomalous images, threshold and review band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH, _HEIGHT, _MARGIN = 800, 220, 34
_BINS = 40
_LABEL = 170  # room that a threshold's name takes


def score_histogram(lines: list[dict[str, Any]], threshold: float | None, review: float | None = None) -> str:
    """Return an SVG of the scores in per-image `lines`, or nothing where there are none.

    With a threshold, `review` begins the band below it, which is shaded.
    """
    groups = [
        np.array([line["score"] for line in lines if line["y_true"] == y_true and line["score"] is not None])
        for y_true in (0, 1)
    ]
    scores = np.concatenate(groups)
    if len(scores) == 0:
        return ""
    thresholds = [value for value in (review, threshold) if value is not None]
    marks = np.append(scores, thresholds)
    low, high = float(marks.min()), float(marks.max())
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = [np.histogram(group, edges)[0] for group in groups]
    top = max(1, *(int(count.max()) for count in counts))
    bars = "".join(
        _bars(count, top, color)
        for count, color in zip(counts, ("var(--normal)", "var(--anomalous)"), strict=True)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Histogram of image scores">'
        f"{_band(edges, review, threshold)}{bars}{_axis(edges)}{_line(edges, threshold, 'threshold')}"
        f"{_line(edges, review, 'review', level=1)}{_legend(groups)}</svg>"
    )


def _bars(counts: NDArray[np.int64], top: int, color: str) -> str:
    step = (_WIDTH - 2 * _MARGIN) / _BINS
    room = _HEIGHT - 2 * _MARGIN
    return "".join(
        f'<rect x="{_MARGIN + index * step:.1f}" y="{_HEIGHT - _MARGIN - room * count / top:.1f}" '
        f'width="{step - 1:.1f}" height="{room * count / top:.1f}" fill="{color}" fill-opacity="0.65"/>'
        for index, count in enumerate(counts)
        if count
    )


def _text(x: float, y: float, content: str, anchor: str = "middle", color: str = "var(--muted)") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="13" fill="{color}">{content}</text>'
    )


def _axis(edges: NDArray[np.float64]) -> str:
    base = _HEIGHT - _MARGIN
    line = f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{base}" y2="{base}" stroke="var(--line)"/>'
    left = _text(_MARGIN, base + 18, f"{edges[0]:.3g}", "start")
    right = _text(_WIDTH - _MARGIN, base + 18, f"{edges[-1]:.3g}", "end")
    return line + left + right + _text(_WIDTH / 2, base + 18, "image score")


def _x(edges: NDArray[np.float64], score: float) -> float:
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * float((score - edges[0]) / (edges[-1] - edges[0]))


def _band(edges: NDArray[np.float64], review: float | None, threshold: float | None) -> str:
    if review is None or threshold is None:
        return ""
    left, right = _x(edges, review), _x(edges, threshold)
    return (
        f'<rect x="{left:.1f}" y="{_MARGIN}" width="{right - left:.1f}" height="{_HEIGHT - 2 * _MARGIN}" '
        'fill="var(--muted)" fill-opacity="0.18"/>'
    )


def _line(edges: NDArray[np.float64], score: float | None, name: str, level: int = 0) -> str:
    """Draw where a threshold stands; names go outwards, on several levels, where there is room."""
    if score is None:
        return ""
    x = _x(edges, score)
    line = (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_MARGIN - 8}" y2="{_HEIGHT - _MARGIN}" '
        'stroke="var(--text)" stroke-dasharray="5 3"/>'
    )
    to_the_left = x > (_LABEL if level else _WIDTH - _LABEL)
    anchor, shift = ("end", -6) if to_the_left else ("start", 6)
    return line + _text(x + shift, _MARGIN + 18 * level, f"{name} {score:.4g}", anchor, "var(--text)")


def _legend(groups: list[NDArray[np.float64]]) -> str:
    names = (("normal", "var(--normal)"), ("anomalous", "var(--anomalous)"))
    return "".join(
        f'<rect x="{_MARGIN + 140 * index}" y="8" width="12" height="12" fill="{color}" fill-opacity="0.65"/>'
        + _text(_MARGIN + 140 * index + 18, 19, f"{name} ({len(group)})", "start")
        for index, ((name, color), group) in enumerate(zip(names, groups, strict=True))
    )
