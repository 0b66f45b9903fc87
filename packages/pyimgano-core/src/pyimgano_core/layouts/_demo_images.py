"""The demo's images: scenes and defects under changing light, seen by a noisy camera, with exact masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from attrs import define
from PIL import Image, ImageFilter

from pyimgano_core.contracts.record import Split
from pyimgano_core.layouts import _demo_defects as defects
from pyimgano_core.layouts import _demo_scenes as scenes
from pyimgano_core.layouts._demo_fields import SIZE, Field, grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MISSING_TOOTH = "missing_tooth"
_VISIBLE_LEVELS = 5  # from here on, of 255, a pixel counts as changed
_CLOSING = 5  # pixels
_NOISE_LEVELS = 1.5
_DARKEST, _BRIGHTEST = 0.80, 1.20

Scene = Callable[..., tuple[Field, Field]]
Defect = Callable[[Field, Field, np.random.Generator], Field]


@define(frozen=True, kw_only=True)
class Category:
    """A kind of part, and what may be wrong with it; `grey` images have one channel."""

    name: str
    scene: Scene
    defects: dict[str, Defect | None]
    grey: bool = False


@define(frozen=True, kw_only=True)
class Part:
    """Which image of the data set: `defect` is None for a normal one, `number` counts within the folder."""

    split: Split
    defect: str | None
    number: int


CATEGORIES = (
    Category(
        name="fabric",
        scene=scenes.fabric,
        defects={"hole": defects.hole, "loose_thread": defects.loose_thread, "stain": defects.stain},
    ),
    Category(
        name="gear",
        scene=scenes.gear,
        defects={
            MISSING_TOOTH: None,
            "dent": defects.dent,
            "scratch": defects.scratch,
            "stain": defects.stain,
        },
    ),
    Category(
        name="metal",
        scene=scenes.metal,
        defects={"dent": defects.dent, "pits": defects.pits, "scratch": defects.scratch},
        grey=True,
    ),
    Category(
        name="tile",
        scene=scenes.tile,
        defects={"chip": defects.chip, "crack": defects.crack, "stain": defects.stain},
    ),
)


def draw_parts(
    category: Category, parts: list[Part], seed: tuple[int, ...]
) -> Iterator[tuple[Part, NDArray[np.uint8], NDArray[np.bool_]]]:
    """Yield each part with its image and its mask of changed pixels.

    The brightness of the light is spread evenly over `parts`, so that it tells nothing about them.

    Args:
        category: what is drawn.
        parts: the images of one side, normal or anomalous, of one split.
        seed: the same seed gives the same images.

    Yields:
        The part, uint8 (SIZE, SIZE, 3) or (SIZE, SIZE), and bool (SIZE, SIZE).
    """
    brightness = np.linspace(_DARKEST, _BRIGHTEST, len(parts))
    order = np.random.default_rng(seed).permutation(len(parts))
    for index, part in enumerate(parts):
        rng = np.random.default_rng([*seed, index])
        scene_seed = int(rng.integers(2**32))
        good, _ = category.scene(np.random.default_rng(scene_seed))
        light = _light(rng, brightness[order[index]])
        noise = _NOISE_LEVELS * rng.standard_normal((SIZE, SIZE, 1))
        clean = _photograph(good, light, noise)
        if part.defect is None:
            image, mask = clean, np.zeros((SIZE, SIZE), dtype=np.bool_)
        else:
            bad = _damage(category, part.defect, scene_seed, rng)
            image = _photograph(bad, light, noise)
            mask = _changed(clean, image)
        yield part, (image[:, :, 0] if category.grey else image), mask


def _damage(category: Category, name: str, scene_seed: int, rng: np.random.Generator) -> Field:
    scene, area = category.scene(np.random.default_rng(scene_seed))
    defect = category.defects[name]
    if defect is None:  # the scene itself is drawn anew, with the fault in it
        return category.scene(np.random.default_rng(scene_seed), int(rng.integers(scenes.TEETH)))[0]
    return defect(scene, area, rng)


def _changed(clean: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where the two differ visibly; narrow gaps are closed, so that a dent is one region."""
    differs = np.abs(image.astype(np.int16) - clean).max(axis=2) >= _VISIBLE_LEVELS
    mask = Image.fromarray(differs.astype(np.uint8))
    closed = mask.filter(ImageFilter.MaxFilter(_CLOSING)).filter(ImageFilter.MinFilter(_CLOSING))
    return np.asarray(closed, dtype=np.bool_)


def _light(rng: np.random.Generator, brightness: float) -> Field:
    """Return the light on each pixel, (SIZE, SIZE, 1): brighter towards one side."""
    rows, columns = grid()
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.16)
    tilt = ((rows - SIZE / 2) * np.sin(angle) + (columns - SIZE / 2) * np.cos(angle)) / SIZE
    light: Field = (brightness * (1 + slope * tilt))[:, :, None]
    return light


def _photograph(scene: Field, light: Field, noise: Field) -> NDArray[np.uint8]:
    return np.clip(np.rint(scene * light * 255 + noise), 0, 255).astype(np.uint8)
