"""The histogram of the image scores: normal and anomalous images, threshold and review band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pyimgano_workbench.html._chart import BOTTOM, HEIGHT, TOP, Frame, chart, figure, mark

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS = 40
_KINDS = ("normal", "anomalous")


def score_histogram(lines: list[dict[str, Any]], threshold: float | None, review: float | None = None) -> str:
    """Return the chart of the scores in per-image `lines`, or nothing where there are none.

    With a threshold, `review` begins the band below it, which is shaded.
    """
    groups = [
        np.array([line["score"] for line in lines if line["y_true"] == y_true and line["score"] is not None])
        for y_true in (0, 1)
    ]
    thresholds = [value for value in (review, threshold) if value is not None]
    if not any(map(len, groups)):
        return ""
    marks = np.concatenate([*groups, thresholds])
    low, high = float(marks.min()), float(marks.max())
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = [np.histogram(group, edges)[0] for group in groups]
    frame = Frame((float(edges[0]), float(edges[-1])), (0.0, float(max(map(max, counts)))))
    bars = "".join(_bars(frame, edges, count, kind) for count, kind in zip(counts, _KINDS, strict=True))
    lines_drawn = "" if threshold is None else mark(frame, threshold, f"threshold {threshold:.4g}")
    if review is not None:
        lines_drawn += mark(frame, review, f"review {review:.4g}", level=1)
    drawn = _band(frame, review, threshold) + bars + lines_drawn
    svg = chart(frame, drawn, ("image score", "images"), "Histogram of the image scores")
    keys = [(kind, f"{kind} ({len(group)})") for kind, group in zip(_KINDS, groups, strict=True)]
    band = [("band", "for review")] if review is not None and threshold is not None else []
    return figure("Image scores", svg, (), [*keys, *band])


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
