"""A comparison as text for the terminal and as Markdown, both from the same document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_bench.compare._words import metric_of, place_of, seeds_in_words
from pyimgano_bench.formats import escape_markdown, markdown_table
from pyimgano_core.cli.app import format_table
from pyimgano_core.textlines import printable
from pyimgano_core.words import NONE, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyimgano_bench.compare._contract import Comparisons, Judged, PairComparison

_LEAST_P = 1e-4


def text_report(comparisons: Comparisons) -> str:
    """Return the tables, notes and the gate's verdict for a terminal."""
    parts = []
    for pair in comparisons.pairs:
        parts += [printable(_title(pair)), format_table(*_table(pair, comparisons))]
        parts += ["\n".join(f"- {printable(note)}" for note in _notes(pair))] if _notes(pair) else []
    parts += ["\n".join(printable(line) for line in _closing(comparisons))]
    return "\n\n".join(parts)


def markdown_report(comparisons: Comparisons) -> str:
    """Return the same as a Markdown document."""
    parts = [
        "# Comparison",
        f"{escape_markdown(comparisons.contender)} against {escape_markdown(comparisons.baseline)}.",
    ]
    for pair in comparisons.pairs:
        parts += [f"## {escape_markdown(_title(pair))}", markdown_table(*_table(pair, comparisons))]
        parts += ["\n".join(f"- {escape_markdown(note)}" for note in _notes(pair))] if _notes(pair) else []
    parts += ["\n".join(f"- {escape_markdown(line)}" for line in _closing(comparisons))]
    return "\n\n".join(parts) + "\n"


def _title(pair: PairComparison) -> str:
    names = pair.contender if pair.contender == pair.baseline else f"{pair.contender} against {pair.baseline}"
    return f"{names} on {pair.dataset}, {seeds_in_words(pair)}"


def _table(pair: PairComparison, comparisons: Comparisons) -> tuple[list[str], list[list[str]]]:
    """A row per metric and category, and below those of a metric its mean."""
    level = f"{100 * (1 - comparisons.alpha):g} % interval"
    header = ["metric", "category", "contender", "baseline", "difference", level, "p", "verdict"]
    rows = []
    for mean in pair.means:
        own = [judged for judged in pair.judged if judged.metric == mean.metric]
        rows += [_row(judged) for judged in (*own, mean)]
    return header, rows


def _row(judged: Judged) -> list[str]:
    p_value = judged.adjusted_p_value
    return [
        metric_of(judged),
        printable(place_of(judged)),
        number(judged.contender),
        number(judged.baseline),
        NONE if judged.difference is None else f"{judged.difference:+.4f}",
        NONE if judged.low is None or judged.high is None else f"{judged.low:+.4f} to {judged.high:+.4f}",
        NONE if p_value is None else f"<{_LEAST_P:g}" if p_value < _LEAST_P else f"{p_value:.4f}",
        judged.verdict,
    ]


def _notes(pair: PairComparison) -> list[str]:
    """Return the reasons of verdicts, each once with its places, and what else the sides differ in."""
    reasons: dict[str, list[str]] = {}
    for judged in (*pair.judged, *pair.means):
        if judged.reason:
            place = f"{metric_of(judged)} {place_of(judged)}"
            reasons.setdefault(f"{judged.verdict}: {judged.reason}", []).append(place)
    return [f"{reason} ({', '.join(places)})" for reason, places in reasons.items()] + list(pair.notes)


def _closing(comparisons: Comparisons) -> Iterator[str]:
    yield (
        f"contender: {comparisons.contender}; baseline: {comparisons.baseline}; equivalent: within "
        f"{comparisons.margin:g}; p: after Holm's correction over the categories of a metric"
    )
    yield from comparisons.notes
    if comparisons.gate is None:
        return
    yield f"the gate {'trips' if comparisons.gate.tripped else 'does not trip'}"
    yield from comparisons.gate.reasons
