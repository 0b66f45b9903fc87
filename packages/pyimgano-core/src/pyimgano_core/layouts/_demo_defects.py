"""The demo's defects: each takes a flawless scene and gives it back with a fault at a random place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyimgano_core.layouts._demo_fields import Field, blob, disc, grid, inside, smooth_noise, stroke

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Place = tuple[float, float]


def place(rng: np.random.Generator, allowed: NDArray[np.bool_]) -> Place:
    """Return the row and column of a random pixel where defects may lie."""
    rows, columns = np.nonzero(allowed)
    chosen = rng.integers(len(rows))
    return float(rows[chosen]), float(columns[chosen])


def scratch(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A bright, narrow groove with a dark side."""
    start, length, width = place(rng, allowed), rng.uniform(22, 42), rng.uniform(1.2, 2.2)
    distance = stroke(rng, start, length, width)
    groove, side = inside(distance) * allowed, inside(np.roll(distance, (1, 1), (0, 1)) - 0.5) * allowed
    return scene - 0.10 * (side * (1 - groove))[:, :, None] + 0.16 * groove[:, :, None]


def dent(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A shallow hollow: dark on the side of the light, bright on the other."""
    row, column = place(rng, allowed)
    radius, light = rng.uniform(7, 11), rng.uniform(0.6, 1.0)
    rows, columns = grid()
    slope = ((rows - row) * np.sin(light) + (columns - column) * np.cos(light)) / radius
    hollow = np.exp(-(((rows - row) ** 2 + (columns - column) ** 2) / radius**2) * 1.4)
    return scene + (0.34 * slope * hollow * allowed)[:, :, None]


def stain(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A brownish patch with a darker border; the surface shows through."""
    distance = blob(rng, place(rng, allowed), rng.uniform(7, 12))
    cover = (0.75 * inside(distance, 4.0) + 0.25 * inside(np.abs(distance + 1) - 1, 2.0)) * allowed
    tint = np.array([0.72, 0.62, 0.46]) + rng.uniform(-0.04, 0.04, 3)
    return scene * (1 - cover[:, :, None] * (1 - tint))


def hole(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A missing piece: torn threads around a dark opening."""
    centre = place(rng, allowed)
    distance = blob(rng, centre, rng.uniform(5, 8)) + 1.2 * smooth_noise(rng, 3)
    opening = inside(distance, 1.5)
    frayed = inside(np.abs(distance - 1.5) - 1.0)
    return scene * (1 - 0.72 * opening[:, :, None]) + 0.10 * frayed[:, :, None]


def chip(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A missing piece of glaze: the rough, lighter clay below shows."""
    distance = blob(rng, place(rng, allowed), rng.uniform(6, 10))
    broken = inside(distance)
    edge = inside(np.abs(distance) - 0.8)
    clay = (0.62 + 0.06 * smooth_noise(rng, 2))[:, :, None] * np.array([1.0, 0.78, 0.60])
    return scene * (1 - broken[:, :, None]) + clay * broken[:, :, None] - 0.14 * edge[:, :, None]


def crack(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A dark, thin, jagged line."""
    distance = stroke(rng, place(rng, allowed), rng.uniform(35, 55), 1.2) + 0.5 * smooth_noise(rng, 4)
    return scene - 0.30 * (inside(distance, 1.4) * allowed)[:, :, None]


def loose_thread(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A pale thread that lies on the cloth and casts a shadow."""
    distance = stroke(rng, place(rng, allowed), rng.uniform(25, 45), 2.6)
    thread = inside(distance)[:, :, None]
    shadow = inside(np.roll(distance, (2, 2), (0, 1)), 2.0)[:, :, None] * (1 - thread)
    return (scene * (1 - 0.35 * shadow)) * (1 - thread) + np.array([0.74, 0.70, 0.60]) * thread


def pits(scene: Field, allowed: NDArray[np.bool_], rng: np.random.Generator) -> Field:
    """A few small dark pits close together."""
    row, column = place(rng, allowed)
    depth = np.zeros(scene.shape[:2])
    for _ in range(rng.integers(3, 7)):
        offset = rng.normal(0, 5, 2)
        depth = np.maximum(depth, inside(disc((row + offset[0], column + offset[1]), rng.uniform(1.0, 2.0)), 1.5))
    return scene * (1 - 0.55 * (depth * allowed)[:, :, None])
