"""The provenance of a category's thresholds: every field, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.words import NONE
from pyimgano_workbench.html._table import folded, in_words, table

if TYPE_CHECKING:
    from pyimgano_core.contracts.report import CategoryReport


def provenance_table(report: CategoryReport) -> str:
    """Return a row per field and a column per threshold; what holds for all of them is said once."""
    thresholds = {
        "image": report.threshold,
        "review": report.review_threshold,
        "pixel": report.pixel_threshold,
    }
    columns = {name: _facts(unstructure(each)) for name, each in thresholds.items() if each is not None}
    names = list(dict.fromkeys(key for facts in columns.values() for key in facts))
    rows = [_row(name, [facts.get(name, NONE) for facts in columns.values()]) for name in names]
    return folded("Where the thresholds come from", table(("field", *columns), rows, "facts"))


def _facts(document: dict[str, Any]) -> dict[str, str]:
    provenance = document.pop("provenance")
    return {key: in_words(value) for key, value in (document | provenance).items()}


def _row(name: str, values: list[str]) -> list[str]:
    return [name, values[0]] if len(set(values)) == 1 else [name, *values]
