"""The images that were scored worst: pictures with their anomaly maps, as many as the page has room for."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from pyimgano_core.contracts.record import ANOMALOUS, NORMAL
from pyimgano_core.words import NONE, count_of
from pyimgano_workbench.html._chart import text
from pyimgano_workbench.html._table import table
from pyimgano_workbench.overlay import Scale, colour
from pyimgano_workbench.pictures import MOST, Pictures, picture_path, read_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.report import CategoryReport

_ALT = "left the image, right the same with its anomaly map in colours"
_STRIPES = 48
_SCALE = (440, 46)  # of the legend
_EDGE = 24
_LEGEND = (
    "Colours on the right are values of the anomaly map. A white line runs round what the pixel threshold "
    "flags, a blue one round what the mask marks."
)
_LOOKED_AT = " A green line runs round what is looked at."


@define
class Album:
    """The pictures of a category, taken while there is room for them."""

    folder: Path
    pictures: Pictures | None
    room: int  # characters
    taken: int = 0

    @classmethod
    def of(cls, folder: Path, room: int) -> Album:
        """Return the pictures below a category's folder, for at most `room` characters of the page."""
        return cls(folder, read_pictures(folder), room)

    def take(self, index: int) -> str | None:
        """Return the picture of a line as data URI, or None where there is none, or no room."""
        if self.pictures is None or index not in self.pictures.images:
            return None
        try:
            content = picture_path(self.folder, index).read_bytes()
        except OSError:
            return None
        uri = "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")
        if len(uri) > self.room:
            return None
        self.room -= len(uri)
        self.taken += 1
        return uri


def worst_section(lines: list[dict[str, Any]], report: CategoryReport, album: Album) -> str:
    """Return the images that were scored most wrongly, and what the colours of their pictures mean."""
    results = report.results
    misses, alarms = _counted("Misses", results.miss_rate), _counted("False alarms", results.false_alarm_rate)
    lowest = sorted(_scored(lines, ANOMALOUS), key=lambda line: line["score"])
    highest = sorted(_scored(lines, NORMAL), key=lambda line: -line["score"])
    parts = [
        _worst("Anomalous images with the lowest scores", misses, lowest[:MOST], album),
        _worst("Normal images with the highest scores", alarms, highest[:MOST], album),
    ]
    legend = _legend(album.pictures, report) if album.taken else ""
    return "\n".join(part for part in (*parts, legend) if part)


def _counted(name: str, rate: ObservedRate | None) -> str:
    return "" if rate is None else f'<p class="muted">{name}: {count_of(rate)}.</p>'


def _scored(lines: list[dict[str, Any]], label: int) -> Iterator[dict[str, Any]]:
    return (line for line in lines if line["y_true"] == label and line["score"] is not None)


def _worst(title: str, note: str, lines: list[dict[str, Any]], album: Album) -> str:
    if not lines:
        return ""
    figures, rows = [], []
    for line in lines:
        uri = album.take(line["index"])
        if uri is None:
            score, verdict = f"{line['score']:.4g}", line["label"] or NONE
            rows.append([line["input"], line["defect"] or NONE, score, verdict])
        else:
            figures.append(_figure(line, uri))
    shown = f'<div class="shots">{"".join(figures)}</div>' if figures else ""
    left = table(("image", "defect", "score", "verdict"), rows, "images") if rows else ""
    return f"<h3>{title}</h3>{note}{shown}{left}"


def _figure(line: dict[str, Any], uri: str) -> str:
    name = escape(line["input"])
    verdict = f"verdict {line['label']}" if line["label"] else None
    told = " · ".join(fact for fact in (line["defect"], f"score {line['score']:.4g}", verdict) if fact)
    picture = f'<img src="{uri}" alt="{name}: {_ALT}">'
    return f'<figure class="shot">{picture}<figcaption>{name}<br>{escape(told)}</figcaption></figure>'


def _legend(pictures: Pictures | None, report: CategoryReport) -> str:
    """Return the scale of the colours with the pixel threshold on it."""
    if pictures is None:
        return ""
    threshold, (width, height) = report.pixel_threshold.value, _SCALE
    step = (width - 2 * _EDGE) / _STRIPES
    stripes = "".join(
        f'<rect x="{_EDGE + index * step:.1f}" y="16" width="{step + 1:.1f}" height="12" '
        f'fill="rgb{colour((index + 0.5) / _STRIPES)}"/>'
        for index in range(_STRIPES)
    )
    ends = text(_EDGE, height - 4, f"{pictures.low:.4g} and less: clear", "start")
    ends += text(width - _EDGE, height - 4, f"{pictures.high:.4g} and more", "end")
    marked = "" if threshold is None else _threshold(Scale(low=pictures.low, high=pictures.high), threshold)
    name = f"Scale of the colours, {pictures.low:.4g} to {pictures.high:.4g}"
    svg = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{name}">{stripes}{marked}{ends}</svg>'
    told = _LEGEND if report.region is None else _LEGEND + _LOOKED_AT
    return f'<figure class="chart scale">{svg}<figcaption>{told}</figcaption></figure>'


def _threshold(scale: Scale, threshold: float) -> str:
    place = scale.place(threshold)
    x = _EDGE + (_SCALE[0] - 2 * _EDGE) * place
    anchor = "middle" if 0.2 < place < 0.8 else "end" if place >= 0.8 else "start"  # noqa: PLR2004
    line = f'<path class="mark" d="M{x:.1f} 13V31"/>'
    return line + text(x, 11, f"pixel threshold {threshold:.4g}", anchor, "strong")
