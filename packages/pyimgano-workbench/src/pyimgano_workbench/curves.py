"""The curves of a report as few points: exact over images, over pixels from the bins of the sketch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyimgano_core.metrics import Sketch

_MOST_POINTS = 200
_STRAIGHT = 1e-12


@define(frozen=True, kw_only=True, eq=False)
class Curve:
    """A line through points, from left to right, within 0 and 1."""

    x: NDArray[np.float64]  # (N,)
    y: NDArray[np.float64]  # (N,)


def roc(lines: list[dict[str, Any]]) -> Curve | None:
    """Return the ROC curve of the images' scores, or None without images of both kinds."""
    counts = _counts(lines)
    if counts is None:
        return None
    alarms, found = counts
    return _thin(_from_zero(alarms / alarms[-1]), _from_zero(found / found[-1]))


def precision_recall(lines: list[dict[str, Any]]) -> Curve | None:
    """Return precision over recall, in steps whose area is average precision; None as `roc`."""
    counts = _counts(lines)
    if counts is None:
        return None
    alarms, found = counts
    precision, recall = found / (found + alarms), found / found[-1]
    ends = np.stack([_from_zero(recall)[:-1], recall], axis=1)  # (N, 2) where each step begins and ends
    return _thin(ends.ravel(), np.repeat(precision, 2))


def overlap(sketch: Sketch, limit: float) -> Curve | None:
    """Return the mean share of a region found over the false-positive rate of pixels, up to `limit`."""
    normal = sketch.normal.sum(axis=0, dtype=np.float64)[::-1].cumsum()  # (B,) from the highest bin down
    regions = int(sketch.regions.sum())
    if not regions or not normal[-1]:
        return None
    rate = _from_zero(normal / normal[-1])
    share = _from_zero(sketch.overlap.sum(axis=0)[::-1].cumsum() / regions)
    inside = rate < limit
    at_limit = float(np.interp(limit, rate, share))
    return _thin(np.append(rate[inside], limit), np.append(share[inside], at_limit))


def flagged_overlap(sketch: Sketch) -> tuple[float, float] | None:
    """Return false-positive rate and mean share of a region found at the deployed pixel threshold."""
    normal, regions = int(sketch.normal.sum(dtype=np.int64)), int(sketch.regions.sum())
    if sketch.flagged is None or not regions or not normal:
        return None
    alarms, _, share = sketch.flagged.sum(axis=0)
    return float(alarms) / normal, float(share) / regions


def _counts(lines: list[dict[str, Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return false alarms and finds at each distinct score, from the highest down."""
    scored = [(line["score"], line["y_true"]) for line in lines if line["score"] is not None]
    if len({label for _, label in scored}) < 2:  # noqa: PLR2004 - normal and anomalous
        return None
    ordered = np.array(sorted(scored, reverse=True), np.float64)  # (N, 2)
    last = np.flatnonzero(np.diff(ordered[:, 0], append=-np.inf))
    found = ordered[:, 1].cumsum()[last].astype(np.int64)
    return last + 1 - found, found


def _from_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.append(0.0, values)


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """Return the curve without points on a straight line, and of what is left at most 200."""
    moved = np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))
    x, y = x[moved], y[moved]
    dx, dy = np.diff(x), np.diff(y)
    turns = np.abs(dx[1:] * dy[:-1] - dx[:-1] * dy[1:]) > _STRAIGHT
    kept = np.concatenate([[True], turns, [True]])
    x, y = x[kept], y[kept]
    if len(x) > _MOST_POINTS:
        way = _from_zero((np.abs(np.diff(x)) + np.abs(np.diff(y))).cumsum())
        chosen = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], _MOST_POINTS)))
        x, y = x[chosen], y[chosen]
    return Curve(x=x, y=y)
