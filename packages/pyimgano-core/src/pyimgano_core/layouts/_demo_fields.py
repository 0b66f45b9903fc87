"""Random fields and shapes that the demo's scenes and defects are drawn from; all sizes are in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

Field: TypeAlias = "NDArray[np.float64]"

SIZE = 144


def grid() -> tuple[Field, Field]:
    """Return the row and the column of each pixel, (SIZE, SIZE) both."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    return rows, columns


def smooth_noise(rng: np.random.Generator, cell: float, cell_across: float | None = None) -> Field:
    """Return noise of mean 0 and deviation 1 whose features are about `cell` high and `cell_across` wide."""
    height = max(2, round(SIZE / cell) + 2)
    width = max(2, round(SIZE / (cell_across or cell)) + 2)
    coarse = Image.fromarray(rng.standard_normal((height, width)).astype(np.float32))
    noise = np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC), dtype=np.float64)
    centred: Field = (noise - noise.mean()) / (noise.std() + 1e-9)
    return centred


def inside(distance: Field, softness: float = 1.0) -> Field:
    """Return 1 where the signed `distance` is well below 0, 0 well above, and a soft edge between."""
    return np.clip(0.5 - distance / softness, 0.0, 1.0)


def disc(centre: tuple[float, float], radius: float) -> Field:
    """Return the signed distance to a circle; `centre` is (row, column)."""
    rows, columns = grid()
    return np.hypot(rows - centre[0], columns - centre[1]) - radius


def blob(rng: np.random.Generator, centre: tuple[float, float], radius: float) -> Field:
    """Return the signed distance to a lumpy disc."""
    rows, columns = grid()
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    waves = (2, 3, 5)
    strength = rng.uniform(0.05, 0.16, len(waves))
    phase = rng.uniform(0, 2 * np.pi, len(waves))
    lumps = sum(s * np.sin(w * angle + p) for w, s, p in zip(waves, strength, phase, strict=True))
    distance: Field = disc(centre, 0.0) - radius * (1 + lumps)
    return distance


def shifted(values: Field, step: int) -> Field:
    """Return `values` moved down and right by `step`, the border repeated."""
    return np.pad(values, ((step, 0), (step, 0)), mode="edge")[:-step, :-step]


def stroke(rng: np.random.Generator, middle: tuple[float, float], length: float, width: float) -> Field:
    """Return the signed distance to a slightly bent line through `middle` (row, column)."""
    rows, columns = grid()
    heading, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5) / length
    headings = heading + bend * np.arange(0.0, length, 1.0)
    path_rows, path_columns = np.cumsum(np.sin(headings)), np.cumsum(np.cos(headings))
    path_rows += middle[0] - path_rows.mean()
    path_columns += middle[1] - path_columns.mean()
    nearest = np.full((SIZE, SIZE), np.inf)
    for row, column in zip(path_rows, path_columns, strict=True):
        np.minimum(nearest, (rows - row) ** 2 + (columns - column) ** 2, out=nearest)
    distance: Field = np.sqrt(nearest) - width / 2
    return distance
