"""The histogram of the image scores: normal and anomalous images, threshold and review band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pyimgano_core.words import images_in_words
from pyimgano_workbench.html._chart import BOTTOM, HEIGHT, TOP, Frame, chart, figure, mark

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS = 40
_BEYOND = 4.0  # times what normals and thresholds span: further up, anomalous images stand in the last bar
_KINDS = ("normal", "anomalous")


def score_histogram(lines: list[dict[str, Any]], threshold: float | None, review: float | None = None) -> str:
    """Return the chart of the scores in per-image `lines`, or nothing where there are none.

    With a threshold, `review` begins the band below it, which is shaded. Anomalous images with scores far
    above would leave no room for the part that decisions are made in: they are in the last bar, and a note
    says so.
    """
    groups = [
        np.array([line["score"] for line in lines if line["y_true"] == y_true and line["score"] is not None])
        for y_true in (0, 1)
    ]
    thresholds = [value for value in (review, threshold) if value is not None]
    if not any(map(len, groups)):
        return ""
    scores = np.concatenate(groups)
    low, high = _ends(scores, np.concatenate([groups[0], thresholds]))
    edges = np.linspace(low, high, _BINS + 1)
    counts = [np.histogram(np.minimum(group, high), edges)[0] for group in groups]
    frame = Frame((float(edges[0]), float(edges[-1])), (0.0, float(max(map(max, counts)))))
    bars = "".join(_bars(frame, edges, count, kind) for count, kind in zip(counts, _KINDS, strict=True))
    lines_drawn = "" if threshold is None else mark(frame, threshold, f"threshold {threshold:.4g}")
    if review is not None:
        lines_drawn += mark(frame, review, f"review {review:.4g}", level=1)
    drawn = _band(frame, review, threshold) + bars + lines_drawn
    svg = chart(frame, drawn, ("image score", "images"), "Histogram of the image scores")
    keys = [
        (kind, f"{kind} ({len(group)})") for kind, group in zip(_KINDS, groups, strict=True) if len(group)
    ]
    band = [("band", "for review")] if review is not None and threshold is not None else []
    return figure("Image scores", svg, _beyond(scores, edges), [*keys, *band])


def _ends(scores: NDArray[np.float64], usual: NDArray[np.float64]) -> tuple[float, float]:
    """Return where the chart begins and ends; `usual` are the scores of normals and the thresholds."""
    low, high = (float(end(np.concatenate([scores, usual]))) for end in (np.min, np.max))
    span = float(usual.max()) - low if len(usual) else 0.0
    if span > 0:
        high = min(high, low + _BEYOND * span)
    return low, high if high > low else low + 1.0


def _beyond(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> list[str]:
    """Say what the last bar holds where it holds more than its own width."""
    if scores.max() <= edges[-1]:
        return []
    count = images_in_words(int(np.count_nonzero(scores >= edges[-2])))
    return [f"The last bar: {count} with scores from {edges[-2]:.4g} to {scores.max():.4g}."]


def _bars(frame: Frame, edges: NDArray[np.float64], counts: NDArray[np.int64], kind: str) -> str:
    base = HEIGHT - BOTTOM
    places = [frame.at_x(edge) for edge in edges]
    bars = "".join(
        f"M{left:.1f} {base}V{frame.at_y(count):.1f}H{right:.1f}V{base}"
        for left, right, count in zip(places, places[1:], counts, strict=False)
        if count
    )
    return f'<path class="bars {kind}" d="{bars}"/>' if bars else ""


def _band(frame: Frame, review: float | None, threshold: float | None) -> str:
    if review is None or threshold is None:
        return ""
    left, right = frame.at_x(review), frame.at_x(threshold)
    height = HEIGHT - TOP - BOTTOM
    return f'<rect class="band" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{height}"/>'
