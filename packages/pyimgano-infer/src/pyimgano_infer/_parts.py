"""A verdict for each part of which several images were taken, derived from the lines alone.

The images of a part are those whose manifest rows share `meta.part_id`, a text or a whole number; they may
be of several categories, such as one for each camera.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from pyimgano_core.artifacts import atomic_writer, to_json
from pyimgano_core.contracts.infer_summary import PartCounts
from pyimgano_core.contracts.part import PartVerdict, PartView
from pyimgano_infer._output import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pyimgano_core.contracts.part import Reason
    from pyimgano_core.contracts.prediction import Label, Prediction

_GRAVITY: tuple[Label | None, ...] = (None, "normal", "review", "anomalous")  # rising


def write_parts(lines: Iterable[Prediction], path: Path) -> PartCounts:
    """Write a `PartVerdict` as a JSON line for each part, in the order of their first views.

    The file is whole or absent. A part's views may stand anywhere among the lines, so all parts are held in
    memory until the last line: about 150 bytes for each view.

    Raises:
        MachineError: the file can't be written.
    """
    parts: dict[str, list[PartView]] = {}
    without = failed_without = 0
    for line in lines:
        part = _part_of(line)
        if part is not None:
            parts.setdefault(part, []).append(_view(line))
            continue
        without += 1
        failed_without += line.error is not None
    labels: Counter[str | None] = Counter()
    with writing(path), atomic_writer(path) as stream:
        for part, views in parts.items():
            verdict = judge_part(part, views)
            labels[verdict.label] += 1
            stream.write(to_json(verdict).encode() + b"\n")
    return PartCounts(
        n_parts=len(parts),
        n_normal=labels["normal"],
        n_review=labels["review"],
        n_anomalous=labels["anomalous"],
        n_without_verdict=labels[None],
        n_lines_without_part=without,
        n_failed_without_part=failed_without,
    )


def judge_part(part_id: str, views: Sequence[PartView]) -> PartVerdict:
    """Return the verdict on a part over all of its views, one or more."""
    n_failed = sum(view.error is not None for view in views)
    judged = [view for view in views if view.label is not None]
    worst = max(judged, key=_badness, default=None)  # the first of equals
    label = None if worst is None else worst.label
    reason: Reason | None = None
    if label != "anomalous" and len(judged) < len(views):
        label, reason = None, "failed_view" if n_failed else "view_without_verdict"
    return PartVerdict(
        part_id=part_id,
        label=label,
        reason=reason,
        n_views=len(views),
        n_failed=n_failed,
        worst_index=None if worst is None else worst.index,
        max_ratio=max((view.ratio for view in views if view.ratio is not None), default=None),
        views=tuple(views),
    )


def _badness(view: PartView) -> tuple[int, float]:
    ratio = -math.inf if view.ratio is None else view.ratio
    return _GRAVITY.index(view.label), ratio


def _part_of(line: Prediction) -> str | None:
    part = (line.meta or {}).get("part_id")
    if isinstance(part, float) and part.is_integer():
        part = int(part)  # the same number in JSON, and what tables write where a column has gaps
    if isinstance(part, str) or type(part) is int:
        return str(part) or None
    return None


def _view(line: Prediction) -> PartView:
    return PartView(
        index=line.index,
        category=line.category,
        label=line.label,
        ratio=_ratio(line.score, line.threshold),
        error=None if line.error is None else line.error.code,
    )


def _ratio(score: float | None, threshold: float | None) -> float | None:
    """Return the score over the threshold; a number too large for JSON is none."""
    if score is None or threshold is None or threshold <= 0:
        return None
    ratio = score / threshold
    return ratio if math.isfinite(ratio) else None
