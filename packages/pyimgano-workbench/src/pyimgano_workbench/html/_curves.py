"""The curves of a category: ROC and precision over recall of its images, overlap of its regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.errors import ArtifactError
from pyimgano_core.metrics import load_sketch
from pyimgano_core.words import number
from pyimgano_workbench.curves import flagged_overlap, overlap, precision_recall, roc
from pyimgano_workbench.html._chart import Frame, chart, dot, figure

if TYPE_CHECKING:
    from pathlib import Path

    from pyimgano_core.contracts.report import CategoryReport, Results
    from pyimgano_core.metrics import Sketch
    from pyimgano_workbench.curves import Curve

_UNIT = Frame((0.0, 1.0), (0.0, 1.0))
_DEPLOYED = "The dot is the deployed threshold."
_CHANCE = '<path class="chance" d="{}"/>'


def curve_figures(lines: list[dict[str, Any]], report: CategoryReport, folder: Path) -> list[str]:
    """Return the curves that there are; those of pixels come from the sketch in the run directory."""
    drawn = [_roc(lines, report.results), _precision_recall(lines, report.results)]
    if report.results.pixel_metrics is not None:
        drawn.append(_overlap(report, folder / "categories" / report.slug / "metric_sketch.npz"))
    return [each for each in drawn if each]


def _roc(lines: list[dict[str, Any]], results: Results) -> str:
    curve = roc(lines)
    if curve is None:
        return ""
    chance = _CHANCE.format(_UNIT.path((0, 1), (0, 1)))
    alarms, found = (_rate(results, name) for name in ("false_alarms", "recall"))
    point = "" if alarms is None or found is None else dot(_UNIT, alarms, found)
    notes = [f"Area under it, image AUROC: {number(results.auroc)}.", _DEPLOYED if point else ""]
    labels = ("false alarms, of normal images", "found, of anomalous images")
    return _figure("ROC curve", _UNIT, curve, below=chance, above=point, labels=labels, notes=notes)


def _precision_recall(lines: list[dict[str, Any]], results: Results) -> str:
    curve = precision_recall(lines)
    if curve is None:
        return ""
    share = sum(line["y_true"] for line in lines if line["score"] is not None)
    total = sum(line["score"] is not None for line in lines)
    chance = _CHANCE.format(_UNIT.path((0, 1), (share / total,) * 2))
    recall, precision = (_rate(results, name) for name in ("recall", "precision"))
    point = "" if recall is None or precision is None else dot(_UNIT, recall, precision)
    notes = [f"Area under it, image AP: {number(results.average_precision)}.", _DEPLOYED if point else ""]
    labels = ("recall: found, of anomalous images", "precision: anomalous, of flagged images")
    return _figure(
        "Precision and recall", _UNIT, curve, below=chance, above=point, labels=labels, notes=notes
    )


def _overlap(report: CategoryReport, path: Path) -> str:
    pixel = report.results.pixel_metrics
    sketch = _sketch(path)
    curve = None if sketch is None or pixel is None else overlap(sketch, pixel.aupro_limit)
    if sketch is None or pixel is None or curve is None:
        return ""
    frame = Frame((0.0, pixel.aupro_limit), (0.0, 1.0))
    notes = [f"Area under it up to here, AUPRO: {number(pixel.aupro)}."]
    place = flagged_overlap(sketch)
    point = ""
    if place is not None and place[0] <= pixel.aupro_limit:
        point = dot(frame, *place)
        notes.append("The dot is the deployed pixel threshold.")
    elif place is not None:
        notes.append(f"The deployed pixel threshold lies beyond, at a false-positive rate of {place[0]:.2g}.")
    labels = ("false-positive rate of pixels", "found share of a defect region, mean")
    return _figure(
        "Per-region overlap (PRO)", frame, curve, below="", above=point, labels=labels, notes=notes
    )


def _sketch(path: Path) -> Sketch | None:
    try:
        return load_sketch(path)
    except ArtifactError:
        return None


def _rate(results: Results, name: str) -> float | None:
    if results.metrics is None:
        return None
    if name == "false_alarms":
        specificity: float | None = results.metrics.get("specificity")
        return None if specificity is None else 1.0 - specificity
    value: float | None = results.metrics.get(name)
    return value


def _figure(
    title: str,
    frame: Frame,
    curve: Curve,
    *,
    below: str,
    above: str,
    labels: tuple[str, str],
    notes: list[str],
) -> str:
    line = f'<path class="curve" d="{frame.path(curve.x, curve.y)}"/>'
    floor = f'<path class="area" d="{frame.path([*curve.x, curve.x[-1], curve.x[0]], [*curve.y, 0, 0])}Z"/>'
    svg = chart(frame, below + floor + line + above, labels, f"{title}. {' '.join(notes)}")
    return figure(title, svg, [note for note in notes if note])
