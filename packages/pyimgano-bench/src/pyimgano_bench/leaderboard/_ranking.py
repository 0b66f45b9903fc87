"""The ranking of a data set's detectors by mean image AUROC, and in words what it leaves open."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pyimgano_bench.leaderboard._html import Html, paragraph, strong, table
from pyimgano_core.words import NONE, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyimgano_bench.leaderboard._cost import Price
    from pyimgano_bench.leaderboard._html import Cell
    from pyimgano_bench.results import DetectorMeans, Mean

_BY = "image_auroc"
_SAME = 5e-5  # values that agree as they are shown


def ranking(means: Sequence[DetectorMeans], titles: Mapping[str, str], price: Price) -> str:
    """Return the table of one data set's detectors, the best first, and what it says in words.

    Args:
        means: those of one data set.
        titles: the titles of the metrics to show, by metric.
        price: what the detectors cost.
    """
    ranked = sorted(means, key=lambda each: -_value(each))
    best = {
        metric: max((each.means[metric].value or 0.0 for each in ranked), default=0.0) for metric in titles
    }
    rows = [
        [
            str(_rank(each, ranked)),
            strong(each.detector) if _rank(each, ranked) == "1" else each.detector,
            *(_cell(each, metric, best[metric]) for metric in titles),
            NONE if each.detector not in price.of else f"{price.of[each.detector]:.3g}",
        ]
        for each in ranked
    ]
    shares = [_share(ranked[0], metric) for metric in titles]
    metrics = [f"{title}{share}" for title, share in zip(titles.values(), shares, strict=True)]
    header = ["rank", "detector", *metrics, f"{price.name}, {price.unit}"]
    return table(header, rows, "ranking") + "".join(paragraph(text) for text in _in_words(ranked))


def _value(means: DetectorMeans) -> float:
    value = means.means[_BY].value
    return -1.0 if value is None else value


def _rank(means: DetectorMeans, ranked: Sequence[DetectorMeans]) -> str:
    """Return how many are better, and one; equal means share a rank, and none has none."""
    if means.means[_BY].value is None:
        return NONE
    return str(1 + sum(_value(other) > _value(means) for other in ranked))


def _cell(means: DetectorMeans, metric: str, best: float) -> Cell:
    """Return the mean, bold where it is the best, its interval and its spread below it."""
    mean = means.means[metric]
    if mean.value is None:
        return NONE
    shown = escape(number(mean.value))
    first = f"<b>{shown}</b>" if mean.value > best - _SAME else shown
    return Html("<br>".join([first, *(f"<small>{escape(each)}</small>" for each in _below(mean))]))


def _below(mean: Mean) -> list[str]:
    told = []
    if mean.low is not None and mean.high is not None:
        told.append(f"{number(mean.low, 3)} to {number(mean.high, 3)}")
    if mean.std is not None:
        told.append(f"± {number(mean.std)}")
    return told


def _in_words(ranked: Sequence[DetectorMeans]) -> list[str]:
    """Say what the numbers are, and whom the interval of the best does not tell from it."""
    best, *others = ranked
    sentences = [_legend(best)]
    found = best.means[_BY]
    if found.value is None:
        return ["No category has an image AUROC of all detectors under every seed, so there is no ranking."]
    if found.low is None:
        return [*sentences, f"The mean of {best.detector} has no interval, so its lead is not judged here."]
    close = [each.detector for each in others if _value(each) >= found.low]
    if close:
        names = ", ".join(close)
        sentences.append(
            f"Tied with {best.detector} as far as its interval can tell: {names}. Their order may be chance; "
            "pyimgano-benchmark compare judges pairs on the same images."
        )
    elif others:
        sentences.append(f"No other mean lies within the interval of {best.detector}.")
    return sentences


def _legend(means: DetectorMeans) -> str:
    several = len(means.seeds) > 1
    level = "" if means.interval_level is None else f"{percent(means.interval_level)} "
    seeds = f"{len(means.seeds)} seeds, ± is their standard deviation" if several else "one seed"
    below = f"below each its {level}interval over test images{' and seeds' if several else ''}"
    missing = means.means[_BY].missing
    without = f" (without {', '.join(missing)})" if missing else ""
    found = f"{len(means.means[_BY].categories)} of {means.category_count} categories{without}"
    return f"Means over {found} and {seeds}; {below}."


def _share(means: DetectorMeans, metric: str) -> str:
    """Return ` (4 of 5)` where categories are missing, which are the same for all detectors with a mean."""
    found = means.means[metric].categories
    return f" ({len(found)} of {means.category_count})" if 0 < len(found) < means.category_count else ""
