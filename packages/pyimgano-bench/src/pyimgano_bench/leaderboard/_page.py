"""The page: ranking, picture and categories of each data set, then failures, notes and the machine."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_bench.environment import machine_in_words
from pyimgano_bench.leaderboard._categories import category_details, category_overview
from pyimgano_bench.leaderboard._cost import price_of
from pyimgano_bench.leaderboard._front import Contender
from pyimgano_bench.leaderboard._html import bullets, folded, paragraph, table
from pyimgano_bench.leaderboard._picture import picture
from pyimgano_bench.leaderboard._ranking import ranking
from pyimgano_bench.leaderboard._style import STYLE
from pyimgano_bench.notes import means_remarks, trial_in_words
from pyimgano_bench.references import TITLE, WARNING, category_table, mean_table
from pyimgano_bench.tables import FAILED, metric_titles
from pyimgano_core.words import NONE, number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_bench.cost._contract import CostResults
    from pyimgano_bench.leaderboard._cost import Price
    from pyimgano_bench.references import Published
    from pyimgano_bench.results import BenchResults, DetectorMeans
    from pyimgano_bench.rows import Row


def render_leaderboard(
    results: BenchResults, cost: CostResults | None = None, published: Sequence[Published] = ()
) -> str:
    """Return a benchmark's page: one file, no script, no network.

    Args:
        results: of the benchmark.
        cost: what was measured apart, if it was; without it a fit is the cost.
        published: what others published, to be shown apart; empty for none.
    """
    title = "Leaderboard" if results.trial is None else "Leaderboard of a trial"
    parts = [
        f"<header><h1>{title}</h1>{_head(results)}</header>",
        *(_dataset(results, name, cost) for name in dict.fromkeys(row.dataset for row in results.rows)),
        _failures(results.rows),
        _notes(results, cost),
        *map(_published, published),
        "<h2>Machine and versions</h2>",
        table(["what", "value"], machine_in_words(results.machine).items(), "words facts"),
        folded("Versions", table(["package", "version"], _versions(results), "words facts")),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _head(results: BenchResults) -> str:
    trial = "" if results.trial is None else paragraph(f"{trial_in_words(results.trial)}.", "trial")
    description = results.settings.get("suite", {}).get("description", "")
    seeds = len({row.seed for row in results.rows})
    facts = (
        results.timestamp_utc,
        f"pyimgano {results.pyimgano_version}",
        number_of(len(results.rows), "cell"),
        number_of(seeds, "seed"),
    )
    return trial + (paragraph(description) if description else "") + paragraph(" · ".join(facts), "muted")


def _dataset(results: BenchResults, name: str, cost: CostResults | None) -> str:
    means = [each for each in results.means if each.dataset == name]
    rows = [row for row in results.rows if row.dataset == name]
    price, titles = price_of(means, cost), metric_titles(rows)
    parts = [
        f"<h2>{escape(name)}</h2>",
        ranking(means, titles, price),
        picture(_contenders(means, price), price),
        "<h3>Categories</h3>",
        category_overview(rows),
        category_details(rows, titles),
    ]
    return "\n".join(part for part in parts if part)


def _contenders(means: Sequence[DetectorMeans], price: Price) -> list[Contender]:
    found = [(each.detector, each.means["image_auroc"]) for each in means]
    return [
        Contender(name=name, cost=price.of[name], value=mean.value, low=mean.low, high=mean.high)
        for name, mean in found
        if mean.value is not None and name in price.of
    ]


def _failures(rows: Sequence[Row]) -> str:
    """Return a line per data set, detector and reason, with the cells that failed for it."""
    failed: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.status == FAILED:
            key = (row.dataset, row.detector, row.error or "no result")
            failed.setdefault(key, []).append(f"{row.category} seed {row.seed}")
    if not failed:
        return ""
    title = f'<h2 class="bad">{sum(map(len, failed.values()))} of {number_of(len(rows), "cell")} failed</h2>'
    lines = [[dataset, detector, ", ".join(cells), why] for (dataset, detector, why), cells in failed.items()]
    return title + table(["data set", "detector", "cells", "why"], lines, "words")


def _notes(results: BenchResults, cost: CostResults | None) -> str:
    measured = () if cost is None else [f"cost: {note}" for note in cost.notes]
    notes = [*means_remarks(results), *results.notes, *measured]
    return f"<h2>Notes</h2>{bullets(notes)}" if notes else ""


def _published(published: Published) -> str:
    header, rows = category_table(published)
    parts = [
        f"<h2>{TITLE}: {escape(published.dataset)}</h2>",
        paragraph(f"{WARNING[0].upper()}{WARNING[1:]}."),
        table(*mean_table(published), "words"),
        folded("By category", table(header, rows, "wide")) if rows else "",
    ]
    return "\n".join(part for part in parts if part)


def _versions(results: BenchResults) -> list[list[str]]:
    return [[name, version or NONE] for name, version in results.versions.items()]
