"""A cell: one detector on one category of one data set under one seed, kept in a file of its own.

A cell is valid while its key stands: settings, weights, data, record order and versions. A second run
computes only what is missing or no longer valid.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import define, evolve, field

from pyimgano_core.artifacts import atomic_writer, read_artifact, sha256_file, to_json, write_artifact
from pyimgano_core.configfile import resolve_path
from pyimgano_core.contracts.report import CategoryReport
from pyimgano_core.contracts.structuring import unstructure
from pyimgano_core.duplicates import fingerprint
from pyimgano_core.errors import ArtifactError
from pyimgano_core.images import encode_interest
from pyimgano_core.interest import load_interest
from pyimgano_core.manifest import category_slug
from pyimgano_core.metrics import save_sketch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from pyimgano_core.contracts.config import RunConfig
    from pyimgano_core.contracts.prediction import Prediction
    from pyimgano_core.metrics import Sketch
    from pyimgano_core.preparation import Prepared, PreparedCategory

CELLS = "cells"
_DETECTORS = "pyimgano.detectors"


@define(frozen=True, kw_only=True)
class CellError:
    """Why a cell has no result: the error's class, its message, and the exit code that it stands for."""

    type: str
    message: str
    exit_code: int


@define(frozen=True, kw_only=True)
class CellFile:
    """A file beside the cell's own; `path` is relative to the cell's folder."""

    path: str
    sha256: str


@define(frozen=True, kw_only=True)
class BenchCell:
    """One cell, and its files: a line per test image, and the sketch that intervals are computed from.

    `report` is what training would report of the category. It and the files are null where the cell failed.
    `group_count` counts the groups of the scored test images; null where none has a group. `trial` is the
    number of test images that a trial was limited to; null for a full cell, which a trial never is.
    """

    KIND: ClassVar[str] = "pyimgano.bench_cell"
    SCHEMA_VERSION: ClassVar[int] = 1
    KNOWN_FEATURES: ClassVar[frozenset[str]] = frozenset()

    kind: str = "pyimgano.bench_cell"
    schema_version: int = 1
    requires: tuple[str, ...] = ()
    key: str
    detector: str
    dataset: str
    category: str
    seed: int
    status: Literal["ok", "failed"]
    config: dict[str, Any] = field(factory=dict)
    report: CategoryReport | None = None
    per_image: CellFile | None = None
    metric_sketch: CellFile | None = None
    seconds: dict[str, float] = field(factory=dict)
    error: CellError | None = None
    group_count: int | None = None
    trial: int | None = None
    versions: dict[str, str | None] = field(factory=dict)


def cell_slug(dataset: str, detector: str, category: str, seed: int, trial: int | None = None) -> str:
    """Return the file name of a cell, without its suffix; no two cells share one, nor do trials."""
    marks = [] if trial is None else [f"trial{trial}"]
    return category_slug("\n".join([dataset, detector, category, f"seed{seed}", *marks]))


def slug_of(cell: BenchCell) -> str:
    """Return the file name of a cell, without its suffix."""
    return cell_slug(cell.dataset, cell.detector, cell.category, cell.seed, cell.trial)


def cell_config(config: RunConfig, category: str) -> RunConfig:
    """Return the run config of one category."""
    return evolve(config, dataset=evolve(config.dataset, category=category))


def cell_key(
    config: RunConfig,
    base: Path,
    category: PreparedCategory,
    prepared: Prepared,
    versions: dict[str, str | None],
    *,
    trial: int | None = None,
) -> str:
    """Return what a cell's result depends on, as a SHA-256.

    Where the data set lies does not matter; its records, their order and the contents of their files do. A
    file of weights and a region of interest count by their content.
    """
    samples = [sample for _, group in category.split.by_role for sample in group]
    facts = {
        "config": _location_free(config, base),
        "data": fingerprint(category.split, prepared.hashes).sha256,
        "records": [unstructure(evolve(sample.record, line=0)) for sample in samples],
        "versions": versions,
        "detector": _distribution(config.model.name),
    }
    text = to_json(facts if trial is None else {**facts, "trial": trial})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def settings_key(config: dict[str, Any], versions: dict[str, str | None], trial: int | None) -> str:
    """Return what is known of a cell before its data is looked at, as a SHA-256."""
    return hashlib.sha256(to_json([config, versions, trial]).encode("utf-8", "surrogatepass")).hexdigest()


def _location_free(config: RunConfig, base: Path) -> dict[str, Any]:
    document: dict[str, Any] = unstructure(config)
    for key in ("root", "manifest_path", "regions", "ignore"):
        document["dataset"].pop(key, None)
    document.pop("output")
    interest = load_interest(config.dataset, config.dataset.category, base)
    if interest is not None:
        document["region"] = hashlib.sha256(encode_interest(interest)).hexdigest()
    features = document["model"]["features"]
    if features["weights"] is not None:
        path = resolve_path(features["weights"], base)
        features["weights"] = sha256_file(path) if path.is_file() else features["weights"]
    return document


def _distribution(detector: str) -> str | None:
    """Return name and version of the distribution that a detector comes from."""
    for entry in entry_points(group=_DETECTORS, name=detector):
        return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else None
    return None


def read_valid_cell(folder: Path, slug: str, key: str) -> BenchCell | None:
    """Return the finished cell of that key, or None where there is none, or its files are torn."""
    cell = read_cell(folder, slug)
    if cell is None or cell.key != key or cell.status != "ok" or cell.report is None:
        return None
    return cell if all(_is_whole(folder, file) for file in (cell.per_image, cell.metric_sketch)) else None


def read_cell(folder: Path, slug: str) -> BenchCell | None:
    """Return the cell that stands there, of whatever key, or None where there is none to read."""
    try:
        return read_artifact(folder / f"{slug}.json", BenchCell)
    except ArtifactError:
        return None


def count_others(folder: Path, own: Collection[str]) -> int:
    """Return how many finished cells a folder has beside those of the slugs `own`."""
    slugs = (path.stem for path in folder.glob("*.json"))
    cells = (read_cell(folder, slug) for slug in slugs if slug not in own)
    return sum(cell is not None and cell.status == "ok" for cell in cells)


def _is_whole(folder: Path, file: CellFile | None) -> bool:
    if file is None:
        return False
    path = folder / file.path
    return path.is_file() and sha256_file(path) == file.sha256


def write_cell(folder: Path, slug: str, cell: BenchCell) -> None:
    """Write the cell's own file, whole; it comes last and so marks the cell as finished."""
    write_artifact(folder / f"{slug}.json", cell)


def write_per_image(folder: Path, slug: str, predictions: Iterable[Prediction]) -> CellFile:
    """Write one line per prediction and return where."""
    path = folder / f"{slug}.per_image.jsonl"
    with atomic_writer(path) as stream:
        for prediction in predictions:
            stream.write((to_json(prediction) + "\n").encode("utf-8"))
    return CellFile(path=path.name, sha256=sha256_file(path))


def write_sketch(folder: Path, slug: str, sketch: Sketch) -> CellFile:
    """Write the sketch and return where."""
    path = folder / f"{slug}.metric_sketch.npz"
    save_sketch(path, sketch)
    return CellFile(path=path.name, sha256=sha256_file(path))
