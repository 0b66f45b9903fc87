"""A robustness study as one table: a line per kind and detector, a column per severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.robustness._corruptions import SEVERITIES
from pyimgano_bench.robustness._measure import CLEAN
from pyimgano_bench.study.tables import all_notes, as_markdown, as_text
from pyimgano_core.words import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_bench.robustness._summary import RobustnessResults, Summary

    Line = dict[int, Summary]  # by severity, 0 for clean

LEGEND = (
    "each cell: AUROC, false alarms, misses, at the threshold of the clean images; pixels are not measured"
)


def text_report(results: RobustnessResults) -> str:
    """Return the table and notes for a terminal."""
    return as_text(_table(results), all_notes(results.trial, LEGEND, results.notes))


def markdown_report(results: RobustnessResults) -> str:
    """Return the table, the picture and notes as a Markdown document."""
    notes = all_notes(results.trial, LEGEND, results.notes)
    return as_markdown("Robustness", _table(results), "robustness.svg", notes)


def lines_of(results: RobustnessResults) -> Iterator[tuple[str, Line]]:
    """Yield each kind of each detector on each data set, with its line; those of a kind stand together."""
    found: dict[tuple[str, str, str], Line] = {}
    clean: dict[tuple[str, str], Summary] = {}
    for line in results.summary:
        if line.kind == CLEAN:
            clean[line.dataset, line.detector] = line
            continue
        own = found.setdefault(
            (line.dataset, line.kind, line.detector), {0: clean[line.dataset, line.detector]}
        )
        own[line.severity] = line
    order = {name: place for place, name in enumerate(dict.fromkeys(key[:2] for key in found))}
    for key in sorted(found, key=lambda key: order[key[:2]]):
        yield key[1], found[key]


def _table(results: RobustnessResults) -> tuple[list[str], list[list[str]]]:
    """Return header and lines; the data set only where there are several."""
    several = ["dataset"] if len({line.dataset for line in results.summary}) > 1 else []
    header = [*several, "kind", "detector", "clean"]
    rows = [
        [
            *(getattr(line[0], name) for name in several),
            kind.replace("_", " "),
            line[0].detector,
            *map(_cell, line.values()),
        ]
        for kind, line in lines_of(results)
    ]
    return [*header, *(f"severity {severity}" for severity in SEVERITIES)], rows


def _cell(line: Summary) -> str:
    """Return `.981 2/40 1/20`."""
    area = NONE if line.auroc is None else f"{line.auroc:.3f}".removeprefix("0")
    alarms = NONE if line.false_alarms is None else f"{line.false_alarms}/{line.normal_count}"
    misses = NONE if line.misses is None else f"{line.misses}/{line.anomaly_count}"
    return f"{area} {alarms} {misses}"
