"""The published numbers that come with the package, and those that belong to the data sets of a benchmark."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from pyimgano_core.configfile import read_document, structure_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyimgano_bench.results import BenchResults


@define(frozen=True, kw_only=True)
class Reference:
    """What one source published of one method, in per cent.

    `dataset` is the layout's name, such as `mvtec`. `image_size`, `split` and `metric_code` are those of the
    source; null where it is not known. `means` are over all categories of the data set, by metric, and
    `categories` hold each category's value, by metric, where they were published.
    """

    dataset: str
    method: str
    source: str
    image_size: str | None = None
    split: str | None = None
    metric_code: str | None = None
    note: str | None = None
    means: dict[str, float] = field(factory=dict)
    categories: dict[str, dict[str, float]] = field(factory=dict)


@define(frozen=True, kw_only=True)
class Published:
    """The references of a benchmark's data set, which has the label `dataset` there."""

    dataset: str
    references: tuple[Reference, ...]


@define(frozen=True, kw_only=True)
class _File:
    """The file: the categories of each data set, by the layout's name, and what was published."""

    datasets: dict[str, tuple[str, ...]]
    references: tuple[Reference, ...]


def find_published(results: BenchResults) -> tuple[Published, ...]:
    """Return what was published of a benchmark's data sets.

    A data set has references where its layout is `mvtec` or `visa` and it has a category of that data set:
    own images may lie in the same layout. Numbers of categories that were not run are left out.
    """
    shipped = _load()
    found = []
    for label, layout in _layouts(results.settings).items():
        own = {row.category for row in results.rows if row.dataset == label}
        if own & set(shipped.datasets.get(layout, ())):
            theirs = (each for each in shipped.references if each.dataset == layout)
            found.append(Published(dataset=label, references=tuple(_only(each, own) for each in theirs)))
    return tuple(found)


def _load() -> _File:
    with as_file(files("pyimgano_bench") / "references" / "published.toml") as path:
        return structure_config(read_document(path), _File)


def _only(reference: Reference, categories: set[str]) -> Reference:
    kept = {
        metric: {name: value for name, value in values.items() if name in categories}
        for metric, values in reference.categories.items()
    }
    return evolve(reference, categories=kept)


def _layouts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the layout of each data set of a suite, by its label: overrides lie over entry and defaults."""
    suite = settings.get("suite", {})
    default = suite.get("defaults", {}).get("dataset", {}).get("name", "")
    forced = settings.get("overrides", {}).get("dataset", {}).get("name")
    entries = suite.get("datasets", ())
    return {entry["label"]: forced or entry.get("dataset", {}).get("name", default) for entry in entries}
