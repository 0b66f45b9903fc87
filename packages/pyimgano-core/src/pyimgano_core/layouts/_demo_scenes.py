"""The demo's flawless scenes: what a good part looks like before light and camera, as reflectance 0..1.

Each scene takes a generator and gives the picture, (SIZE, SIZE, 3), and how much of each pixel is the part.
"""

from __future__ import annotations

import numpy as np

from pyimgano_core.layouts._demo_fields import SIZE, Field, disc, grid, inside, smooth_noise

_THREAD = 8.0
_TILE = 44.0
TEETH = 14
GEAR_RADIUS = 46.0
TOOTH_HEIGHT = 9.0


def fabric(rng: np.random.Generator) -> tuple[Field, Field]:
    """A plain weave: threads pass over and under each other, each of a slightly different shade."""
    rows, columns = grid()
    shift = rng.uniform(0, _THREAD, 2)
    across = (rows + shift[0] + 0.7 * smooth_noise(rng, 40)) / _THREAD
    along = (columns + shift[1] + 0.7 * smooth_noise(rng, 40)) / _THREAD
    weft_on_top = (np.floor(across) + np.floor(along)) % 2 == 0
    shade = 0.03 * rng.standard_normal(2 * SIZE)
    weft = _thread(across, along) + shade[np.floor(across).astype(int)]
    warp = _thread(along, across) + shade[SIZE + np.floor(along).astype(int)]
    height = np.where(weft_on_top, weft, warp) + 0.02 * smooth_noise(rng, 1.5)
    colour = np.array([0.50, 0.56, 0.66])
    return height[:, :, None] * colour, np.ones((SIZE, SIZE))


def _thread(across: Field, along: Field) -> Field:
    """Return the shading of a round thread that dives under at the ends of its visible part."""
    profile: Field = np.sin(np.pi * (across % 1.0)) ** 0.6
    return 0.45 + 0.55 * profile * (0.6 + 0.4 * np.sin(np.pi * (along % 1.0)))


def metal(rng: np.random.Generator) -> tuple[Field, Field]:
    """Brushed sheet metal: fine streaks along the rows, with a broad sheen."""
    streaks = 0.035 * smooth_noise(rng, 1.0, 60) + 0.025 * smooth_noise(rng, 2.5, 90)
    sheen = 0.03 * smooth_noise(rng, 70)
    grain = 0.012 * smooth_noise(rng, 1.0, 2.0)
    grey = 0.60 + streaks + sheen + grain
    return np.repeat(grey[:, :, None], 3, axis=2), np.ones((SIZE, SIZE))


def tile(rng: np.random.Generator) -> tuple[Field, Field]:
    """Speckled ceramic tiles between lines of grout, each tile of its own shade."""
    rows, columns = grid()
    shift = rng.uniform(0, _TILE, 2)
    down, across = rows + shift[0], columns + shift[1]
    to_joint = np.minimum(_to_line(down), _to_line(across))
    joint = inside(to_joint - 2.0)
    numbers = (np.floor(down / _TILE) * 8 + np.floor(across / _TILE)).astype(int)
    shade = 0.02 * rng.standard_normal(64)
    speckle = np.clip(smooth_noise(rng, 3) - 1.2, 0, 1.2)
    glaze = 0.66 + shade[numbers] + 0.015 * smooth_noise(rng, 6) - 0.11 * speckle
    bevel = 0.05 * inside(to_joint - 4.5, 3.0)
    grout = 0.40 + 0.02 * smooth_noise(rng, 1.5)
    height = (glaze + bevel) * (1 - joint) + grout * joint
    return height[:, :, None] * np.array([1.0, 0.93, 0.82]), np.ones((SIZE, SIZE))


def _to_line(position: Field) -> Field:
    return np.abs((position + _TILE / 2) % _TILE - _TILE / 2)


def gear(rng: np.random.Generator, missing_tooth: int | None = None) -> tuple[Field, Field]:
    """A toothed wheel on a dark belt, never quite in the same place; one tooth may be missing."""
    centre = (SIZE / 2 + rng.uniform(-3, 3), SIZE / 2 + rng.uniform(-3, 3))
    turn = rng.uniform(-0.05, 0.05)
    rim = _rim(centre, turn, missing_tooth)
    hub, hole = disc(centre, 17.0), disc(centre, 9.0)
    face = 0.62 + 0.02 * smooth_noise(rng, 1.0, 3.0) + 0.03 * smooth_noise(rng, 50)
    step = 0.10 * inside(hub) - 0.18 * inside(np.abs(hub) - 1.0) - 0.10 * inside(np.abs(rim + 5.0) - 0.8)
    belt = 0.20 + 0.025 * smooth_noise(rng, 2) + 0.015 * smooth_noise(rng, 30)
    body = inside(rim) * (1 - inside(hole))
    grey = (face + step) * body + belt * (1 - body)
    tint = body[:, :, None] * np.array([1.0, 0.95, 0.80]) + (1 - body[:, :, None]) * np.array(
        [0.9, 1.0, 0.95]
    )
    return grey[:, :, None] * tint, body


def _rim(centre: tuple[float, float], turn: float, missing_tooth: int | None) -> Field:
    """Return the signed distance to the outline of the wheel."""
    rows, columns = grid()
    angle = (np.arctan2(rows - centre[0], columns - centre[1]) - turn) * TEETH / (2 * np.pi) % TEETH
    tooth = np.clip(2.2 * np.cos(2 * np.pi * (angle - 0.5)), -1, 1)
    if missing_tooth is not None:
        tooth = np.where(np.floor(angle) == missing_tooth, -1.0, tooth)
    return disc(centre, GEAR_RADIUS) - TOOTH_HEIGHT / 2 * tooth
