"""Sketches in files: an npz of plain arrays under a kind and a version, written whole, read without pickle.

A reader trusts nothing: the arrays must have the shapes and types of a sketch and agree with each other.
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import fields

from pyimgano_core.artifacts import write_bytes
from pyimgano_core.errors import ArtifactError
from pyimgano_core.metrics._sketch import (
    PER_IMAGE,
    PER_IMAGE_IF_ASKED,
    SHARED,
    SHARED_IF_ASKED,
    Sketch,
)

if TYPE_CHECKING:
    from pathlib import Path

KIND = "pyimgano-metric-sketch"
VERSION = 1
_MAX_BYTES = 1 << 32  # of the arrays once unpacked
_UNREADABLE = (  # what zipfile and numpy raise on bytes that are torn or foreign
    OSError,
    EOFError,
    ValueError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
_TYPES = {
    "names": "<U",
    "groups": "<U",
    "anomalous": "|b1",
    "normal": "<u4",
    "defect": "<u4",
    "regions": "<i8",
    "minimum_area": "<i8",
}  # the rest are <f8
_HISTOGRAMS = ("normal", "defect", "overlap", "saturated")
_REQUIRED = PER_IMAGE + SHARED
_TOGETHER = (("saturation", "saturated"), ("pixel_threshold", "minimum_area", "flagged"))


def save_sketch(path: Path, sketch: Sketch) -> None:
    """Write `sketch` as a compressed npz, whole or not at all; equal sketches give equal bytes."""
    stream = BytesIO()
    values = {field.name: getattr(sketch, field.name) for field in fields(Sketch)}
    arrays = {name: np.array(value) for name, value in values.items() if value is not None}
    np.savez_compressed(stream, allow_pickle=False, kind=np.array(KIND), version=np.array(VERSION), **arrays)
    write_bytes(path, stream.getvalue())


def load_sketch(path: Path) -> Sketch:
    """Return the sketch in `path`.

    Raises:
        ArtifactError: it is missing, torn, no sketch, of a newer version, or contradicts itself.
    """
    try:
        arrays = _read(path)
    except _UNREADABLE as exc:
        raise ArtifactError(f"{path}: can't be read as a metric sketch: {exc}") from exc
    problem = _problem(arrays)
    if problem:
        raise ArtifactError(f"{path}: {problem}")
    return _sketch(arrays)


def _sketch(arrays: dict[str, npt.NDArray[Any]]) -> Sketch:
    stacked: dict[str, Any] = {
        name: arrays[name] for name in _REQUIRED + PER_IMAGE_IF_ASKED if name in arrays
    }
    numbers: dict[str, Any] = {name: arrays[name].item() for name in SHARED_IF_ASKED if name in arrays}
    return Sketch(**stacked, **numbers)


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as stream:
        with zipfile.ZipFile(stream) as members:
            if sum(member.file_size for member in members.infolist()) > _MAX_BYTES:
                raise ValueError(f"it unpacks to more than {_MAX_BYTES} bytes")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}


def _problem(arrays: dict[str, npt.NDArray[Any]]) -> str | None:
    """Say what keeps `arrays` from being a sketch, or None."""
    kind, version = arrays.get("kind"), arrays.get("version")
    if kind is None or version is None or kind.shape or version.shape or str(kind) != KIND:
        return f"the header is not that of a {KIND}"
    if version.dtype.kind not in "iu" or not 1 <= int(version.item()) <= VERSION:
        return (
            f"version {version} is unknown, this version reads 1 to {VERSION}; update the package to read it"
        )
    missing = [name for name in _REQUIRED if name not in arrays]
    for names in _TOGETHER:
        absent = [name for name in names if name not in arrays]
        missing += absent if len(absent) < len(names) else []
    if missing:
        return f"arrays are missing: {missing}"
    return _shape_problem(arrays) or _value_problem(_sketch(arrays))


def _shape_problem(arrays: dict[str, npt.NDArray[Any]]) -> str | None:
    if arrays["names"].ndim != 1 or arrays["edges"].ndim != 1:
        return "the names or the edges are not one row"
    n, n_edges = len(arrays["names"]), len(arrays["edges"])
    shapes = {"edges": (n_edges,), "flagged": (n, 3)}
    shapes |= dict.fromkeys(_HISTOGRAMS, (n, n_edges + 1)) | dict.fromkeys(SHARED_IF_ASKED, ())
    for name in (field.name for field in fields(Sketch) if field.name in arrays):
        expected = shapes.get(name, (n,))
        if arrays[name].shape != expected:
            return f"array {name!r} has the shape {arrays[name].shape}, expected {expected}"
        if not arrays[name].dtype.str.startswith(_TYPES.get(name, "<f8")):
            return f"array {name!r} has the type {arrays[name].dtype}"
    return None


def _value_problem(sketch: Sketch) -> str | None:
    numbers = (sketch.scores, sketch.edges, sketch.overlap, sketch.saturated, sketch.flagged)
    if not all(np.isfinite(values).all() for values in numbers if values is not None):
        return "it holds numbers that are NaN or infinite"
    if (np.diff(sketch.edges) <= 0).any():
        return "the edges do not ascend"
    if (sketch.names[1:] <= sketch.names[:-1]).any():
        return "the names do not ascend, each once"
    return (
        _overlap_problem(sketch, sketch.overlap)
        or (None if sketch.saturated is None else _overlap_problem(sketch, sketch.saturated))
        or _asked_problem(sketch)
    )


def _overlap_problem(sketch: Sketch, overlap: npt.NDArray[np.float64]) -> str | None:
    if not np.allclose(overlap.sum(axis=1), sketch.regions) or (overlap < 0).any():
        return "the overlap of an image is not that of its regions"
    if ((overlap > 0) & (sketch.defect == 0)).any() or ((sketch.overlap == 0) & (sketch.defect > 0)).any():
        return "the overlap and the defect pixels are not in the same bins"
    return None


def _asked_problem(sketch: Sketch) -> str | None:
    if sketch.saturation is not None and not 0.0 < sketch.saturation <= 1.0:
        return f"the saturation is {sketch.saturation}"
    if sketch.flagged is None or sketch.pixel_threshold is None or sketch.minimum_area is None:
        return None
    if not np.isfinite(sketch.pixel_threshold) or sketch.minimum_area < 1:
        return f"the pixel threshold is {sketch.pixel_threshold}, with a least area of {sketch.minimum_area}"
    most = np.stack([sketch.normal.sum(axis=1), sketch.defect.sum(axis=1), sketch.regions + 1e-6], axis=1)
    if (sketch.flagged < 0).any() or (sketch.flagged > most).any():
        return "more is flagged than an image holds"
    return None
