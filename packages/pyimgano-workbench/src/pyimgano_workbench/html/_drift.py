"""How the scores of normal images move over time, where their records say when they were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_workbench.drift import find_drift
from pyimgano_workbench.html._chart import LEFT, RIGHT, WIDTH, Frame, chart, figure, text, widened
from pyimgano_workbench.words import drift_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_workbench.drift import Drift

_LONGEST = 24  # characters of a timestamp


def drift_section(
    calibration: list[dict[str, Any]], tests: list[dict[str, Any]], threshold: float | None
) -> str:
    """Return the chart of normal scores over time with a sentence on it, or nothing without timestamps."""
    drift = find_drift(calibration, tests)
    if drift is None:
        return ""
    shown = [*drift.scores, drift.at_first, drift.at_last]
    limits = [] if threshold is None else [threshold]
    frame = Frame(
        widened(float(drift.moments[0]), float(drift.moments[-1])),
        widened(min(shown + limits), max(shown + limits)),
    )
    ends = drift.moments[[0, -1]]
    trend = f'<path class="curve" d="{frame.path(ends, (drift.at_first, drift.at_last))}"/>'
    drawn = _points(frame, drift, drift.calibrated, "calibration") + _points(
        frame, drift, ~drift.calibrated, "normal"
    )
    ticks = (drift.first[:_LONGEST], drift.last[:_LONGEST])
    svg = chart(
        frame, drawn + trend + _level(frame, threshold), ("meta.timestamp", "image score"),
        "Scores of normal images over time", ticks,
    )  # fmt: skip
    counts = (("normal", "test", ~drift.calibrated), ("calibration", "calibration", drift.calibrated))
    keys = [(kind, f"{role} normals ({int(chosen.sum())})") for kind, role, chosen in counts if chosen.any()]
    words = drift_in_words(drift, threshold)
    return f"<h3>Drift over time</h3><p>{words}</p>" + figure("Scores of normal images", svg, (), keys)


def _points(frame: Frame, drift: Drift, chosen: NDArray[np.bool_], kind: str) -> str:
    """Return the points as lines without length, whose round ends are drawn: a few bytes for each."""
    places = zip(drift.moments[chosen], drift.scores[chosen], strict=True)
    path = "".join(f"M{frame.at_x(x):.1f} {frame.at_y(y):.1f}h0" for x, y in places)
    return f'<path class="points {kind}" d="{path}"/>' if path else ""


def _level(frame: Frame, threshold: float | None) -> str:
    if threshold is None:
        return ""
    y = frame.at_y(threshold)
    line = f'<path class="mark" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
    return line + text(WIDTH - RIGHT, y - 5, f"threshold {threshold:.4g}", "end", "strong")
