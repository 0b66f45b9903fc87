"""The demo's defects: each takes a flawless scene and its part, and puts a fault at a random place."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from pyimgano_core.layouts._demo_fields import Field, blob, disc, grid, inside, shifted, smooth_noise, stroke

Place: TypeAlias = tuple[float, float]

_MARGIN = 16


def place(rng: np.random.Generator, part: Field) -> Place:
    """Return the row and column of a random pixel of the part, some way from the border of the picture."""
    rows, columns = np.nonzero(part[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] == 1.0)
    chosen = rng.integers(len(rows))
    return float(rows[chosen]) + _MARGIN, float(columns[chosen]) + _MARGIN


def scratch(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A bright, narrow groove with a dark side."""
    distance = stroke(rng, place(rng, part), rng.uniform(26, 42), rng.uniform(1.5, 2.4))
    groove, side = inside(distance) * part, inside(shifted(distance, 1) - 0.5) * part
    worn: Field = scene - 0.16 * (side * (1 - groove))[:, :, None] + 0.22 * groove[:, :, None]
    return worn


def dent(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A shallow hollow: dark on the side of the light, bright on the other."""
    row, column = place(rng, part)
    radius, light = rng.uniform(7, 11), rng.uniform(0.6, 1.0)
    rows, columns = grid()
    slope = ((rows - row) * np.sin(light) + (columns - column) * np.cos(light)) / radius
    hollow = np.exp(-(((rows - row) ** 2 + (columns - column) ** 2) / radius**2) * 1.4)
    shaded: Field = scene + (0.44 * slope * hollow * part)[:, :, None]
    return shaded


def stain(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A brownish patch with a darker border; the surface shows through."""
    distance = blob(rng, place(rng, part), rng.uniform(7, 12))
    cover = (0.75 * inside(distance, 4.0) + 0.25 * inside(np.abs(distance + 1) - 1, 2.0)) * part
    tint = np.array([0.72, 0.62, 0.46]) + rng.uniform(-0.04, 0.04, 3)
    return scene * (1 - cover[:, :, None] * (1 - tint))


def hole(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A missing piece: torn threads around a dark opening."""
    centre = place(rng, part)
    distance = blob(rng, centre, rng.uniform(5, 8)) + 1.2 * smooth_noise(rng, 3)
    opening = inside(distance, 1.5)
    frayed = inside(np.abs(distance - 1.5) - 1.0)
    torn: Field = scene * (1 - 0.72 * opening[:, :, None]) + 0.10 * frayed[:, :, None]
    return torn


def chip(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A missing piece of glaze: the rough, lighter clay below shows."""
    distance = blob(rng, place(rng, part), rng.uniform(6, 10))
    broken = inside(distance)
    edge = inside(np.abs(distance) - 0.8)
    clay = (0.62 + 0.06 * smooth_noise(rng, 2))[:, :, None] * np.array([1.0, 0.78, 0.60])
    body = broken[:, :, None]
    chipped: Field = scene * (1 - body) + clay * body - 0.14 * edge[:, :, None]
    return chipped


def crack(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A dark, thin, jagged line."""
    distance = stroke(rng, place(rng, part), rng.uniform(40, 60), rng.uniform(1.8, 2.6)) + 0.5 * smooth_noise(
        rng, 4
    )
    split = inside(distance, 1.4) * part
    cracked: Field = scene - 0.38 * split[:, :, None]
    return cracked


def loose_thread(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A pale thread that lies on the cloth and casts a shadow."""
    distance = stroke(rng, place(rng, part), rng.uniform(25, 45), 2.6)
    thread = inside(distance)[:, :, None]
    shadow = inside(shifted(distance, 2), 2.0)[:, :, None] * (1 - thread)
    return (scene * (1 - 0.35 * shadow)) * (1 - thread) + np.array([0.74, 0.70, 0.60]) * thread


def pits(scene: Field, part: Field, rng: np.random.Generator) -> Field:
    """A few small dark pits close together."""
    row, column = place(rng, part)
    depth = np.zeros(scene.shape[:2])
    for _ in range(rng.integers(3, 7)):
        offset = rng.normal(0, 5, 2)
        depth = np.maximum(
            depth, inside(disc((row + offset[0], column + offset[1]), rng.uniform(1.3, 2.3)), 1.5)
        )
    return scene * (1 - 0.55 * (depth * part)[:, :, None])
