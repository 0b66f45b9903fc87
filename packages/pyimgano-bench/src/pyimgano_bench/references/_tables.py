"""Published numbers as tables, in per cent as they were published, unlike own ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyimgano_core.words import NONE

if TYPE_CHECKING:
    from pyimgano_bench.references._published import Published, Reference

Table = tuple[list[str], list[list[str]]]

TITLE = "Published by others"
WARNING = (
    "in per cent, as published; image size, split and metric code differ or are not known, so these numbers "
    "can't be compared with the ones above and are not ranked"
)
_METRICS = {"image_auroc": "AUROC", "pixel_auroc": "px AUROC", "aupro": "AUPRO", "aupimo": "AUPIMO"}
_UNKNOWN = "not known"


def mean_table(published: Published) -> Table:
    """Return a line per source and method: the means over all categories, and how they came about."""
    metrics = _metrics_of(published)
    header = ["method", *(f"{_METRICS[metric]}, %" for metric in metrics), "source", "image size", "split"]
    rows = [
        [
            each.method,
            *(_percent(each.means.get(metric)) for metric in metrics),
            each.source,
            each.image_size or _UNKNOWN,
            each.split or _UNKNOWN,
            each.metric_code or _UNKNOWN,
            each.note or "",
        ]
        for each in published.references
    ]
    return [*header, "metric code", "note"], rows


def category_table(published: Published) -> Table:
    """Return a line per category that has a number, and a column per source, method and metric."""
    columns = [
        (reference, metric, values)
        for reference in published.references
        for metric, values in reference.categories.items()
        if values
    ]
    names = dict.fromkeys(name for _, _, values in columns for name in values)
    header = ["category", *(_title(reference, metric) for reference, metric, _ in columns)]
    return header, [[name, *(_percent(values.get(name)) for _, _, values in columns)] for name in names]


def _metrics_of(published: Published) -> list[str]:
    return [metric for metric in _METRICS if any(metric in each.means for each in published.references)]


def _title(reference: Reference, metric: str) -> str:
    return f"{reference.method}: {_METRICS[metric]}, % ({reference.source})"


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"
