"""A robustness study as one picture: a heat map per detector and number, self-contained SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.notes import trial_in_words
from pyimgano_bench.robustness._corruptions import SEVERITIES
from pyimgano_bench.robustness._tables import lines_of
from pyimgano_bench.study.drawing import label, page
from pyimgano_core.words import NONE, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyimgano_bench.robustness._summary import RobustnessResults, Summary
    from pyimgano_bench.robustness._tables import Line

    Text = Callable[[Summary], str]
    Value = Callable[[Summary], float | None]

_CELL, _ROW, _NAMES, _GAP, _TOP = 46, 22, 110, 26, 54
_COLUMNS = len(SEVERITIES) + 1
_WIDTH = _NAMES + 3 * (_COLUMNS * _CELL + _GAP)
_STYLE = (
    ".good{fill:#f3f6f9}.bad{fill:#b3261e}.unknown{fill:var(--line)}.over{fill:#fff}"
    "@media(prefers-color-scheme:dark){.good{fill:#222a33}.bad{fill:#c73a31}}"
)
_FULL = 0.68  # from here on white text reads better
_LEGEND = (
    "Columns: clean, then severity 1 to 5. The threshold is that of the clean images. "
    "The redder the worse; an AUROC of .5 is as red as can be. A dash is undefined."
)


def svg_picture(results: RobustnessResults) -> str:
    """Return the picture; the depth of red is twice the lost AUROC, or the rate of false alarms or misses."""
    panels: dict[tuple[str, str], dict[str, Line]] = {}
    for kind, line in lines_of(results):
        panels.setdefault((line[0].dataset, line[0].detector), {})[kind] = line
    body, top = [], 8
    for (dataset, detector), lines in panels.items():
        body.append(f'<g transform="translate(10 {top})">{"".join(_panel(dataset, detector, lines))}</g>')
        top += _TOP + _ROW * len(lines) + _GAP
    foot = [_LEGEND] if results.trial is None else [f"{trial_in_words(results.trial)}.", _LEGEND]
    for text in foot:
        body.append(f'<text class="soft" x="10" y="{top + 8}">{text}</text>')
        top += 18
    return page("Robustness", "".join(body), _WIDTH, top + 8, _STYLE)


def _panel(dataset: str, detector: str, lines: dict[str, Line]) -> Iterator[str]:
    yield f'<text class="title" y="16">{label(detector)} on {label(dataset)}</text>'
    for row, kind in enumerate(lines):
        top = _TOP + row * _ROW + 15
        yield f'<text class="end" x="{_NAMES - 8}" y="{top}">{kind.replace("_", " ")}</text>'
    blocks: tuple[tuple[str, Text, Value], ...] = (
        ("AUROC", lambda line: number(line.auroc, 3), _lost),
        ("false alarms, %", lambda line: _percent(line.false_alarm_rate), lambda line: line.false_alarm_rate),
        ("misses, %", lambda line: _percent(line.miss_rate), lambda line: line.miss_rate),
    )
    for index, (title, shown, badness) in enumerate(blocks):
        left = _NAMES + index * (_COLUMNS * _CELL + _GAP)
        yield f'<g transform="translate({left} 0)"><text class="head" y="34">{title}</text>'
        for column in range(_COLUMNS):
            head = str(column) if column else "clean"
            yield f'<text class="middle soft" x="{column * _CELL + _CELL // 2}" y="{_TOP - 4}">{head}</text>'
            for row, line in enumerate(lines.values()):
                yield _cell(column, row, shown(line[column]), badness(line[column]))
        yield "</g>"


def _cell(column: int, row: int, text: str, badness: float | None) -> str:
    left, top = column * _CELL, _TOP + row * _ROW
    place = f'x="{left}" y="{top}" width="{_CELL - 1}" height="{_ROW - 1}"'
    share = 0.0 if badness is None else min(max(badness, 0.0), 1.0)
    ground = f'<rect class="{"unknown" if badness is None else "good"}" {place}/>'
    red = f'<rect class="bad" fill-opacity="{share:.3g}" {place}/>' if share else ""
    over = " over" if share > _FULL else ""
    return f'{ground}{red}<text class="middle{over}" x="{left + _CELL // 2}" y="{top + 15}">{text}</text>'


def _lost(line: Summary) -> float | None:
    return None if line.auroc is None else 2 * (1 - line.auroc)


def _percent(rate: float | None) -> str:
    return NONE if rate is None else f"{100 * rate:.0f}"
