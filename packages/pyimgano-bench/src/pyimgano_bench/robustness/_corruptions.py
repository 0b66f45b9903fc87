"""Disturbances that a production line knows, each in five severities.

The idea of corruptions by severity is that of Hendrycks and Dietterich, "Benchmarking neural network
robustness to common corruptions and perturbations" (ICLR 2019, https://arxiv.org/abs/1903.12261). Kinds and
constants are our own: theirs are made for photographs of 224 pixels, these for inspection, where light, focus
and position drift a little. Lengths are shares of the image's shorter side, so that a severity means the same
at any resolution; noise is per pixel, as a sensor makes it.

An image is disturbed after decoding, at its own size. What is random (directions, places, noise) is drawn
from a seed that depends on the image's name and the kind alone: it is the same for every detector and
severity.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pyimgano_bench.robustness._blur import blur, disk, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]  # (H, W, 3)
    Disturbed = NDArray[np.floating] | NDArray[np.uint8]  # (H, W, 3), not yet rounded and clipped
    Kind = Callable[[Pixels, float, np.random.Generator], Disturbed]

SEVERITIES = (1, 2, 3, 4, 5)
_WHITE = 255.0
_MIDDLE_GREY = 127.5
_LEAST_BLUR = 1.2  # pixels across: less would leave an image as it is
_GLARE_WIDTH = 0.15  # of the shorter side: one standard deviation of the spot


def corrupt(image: NDArray[np.uint8], kind: str, severity: int, *, name: str, seed: int) -> NDArray[np.uint8]:
    """Return a disturbed copy of an image.

    Args:
        image: (H, W, 3) RGB.
        kind: a key of `CORRUPTIONS`.
        severity: 1 to 5.
        name: the image's, which decides over what is random.
        seed: of what is random.
    """
    function, constants = CORRUPTIONS[kind]
    digest = hashlib.sha256(f"{seed}\n{kind}\n{name}".encode("utf-8", "surrogatepass")).digest()
    random = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    result = function(image, constants[severity - 1], random)
    rounded: NDArray[np.uint8] = np.clip(np.rint(result), 0, _WHITE).astype(np.uint8)
    return rounded


def _exposure(image: Pixels, factor: float, _random: np.random.Generator) -> Disturbed:
    return image * np.float32(factor)


def _contrast(image: Pixels, factor: float, _random: np.random.Generator) -> Disturbed:
    return (image - np.float32(_MIDDLE_GREY)) * np.float32(factor) + np.float32(_MIDDLE_GREY)


def _warmth(image: Pixels, share: float, _random: np.random.Generator) -> Disturbed:
    return image * np.array([1 + share, 1, 1 - share], np.float32)


def _glare(image: Pixels, strength: float, random: np.random.Generator) -> Disturbed:
    """A soft white spot; it adds light where there is room for it, as a screen blend does."""
    height, width = image.shape[:2]
    spread = _GLARE_WIDTH * min(height, width)
    top, left = random.uniform(0.2, 0.8, 2) * (height, width)
    rows = np.exp(-0.5 * ((np.arange(height) - top) / spread) ** 2)
    columns = np.exp(-0.5 * ((np.arange(width) - left) / spread) ** 2)
    spot = (strength * np.outer(rows, columns)).astype(np.float32)[:, :, None]  # (H, W, 1)
    return image + spot * (_WHITE - image)


def _defocus(image: Pixels, radius: float, _random: np.random.Generator) -> Disturbed:
    return blur(image, disk(max(radius * min(image.shape[:2]), _LEAST_BLUR / 2)))


def _motion(image: Pixels, length: float, random: np.random.Generator) -> Disturbed:
    length = max(length * min(image.shape[:2]), _LEAST_BLUR)
    return blur(image, line(length, random.uniform(0, np.pi)))


def _gaussian(image: Pixels, sigma: float, random: np.random.Generator) -> Disturbed:
    return image + np.float32(sigma) * random.standard_normal(image.shape, np.float32)


def _shot(image: Pixels, electrons: float, random: np.random.Generator) -> Disturbed:
    """Poisson noise of a sensor that counts `electrons` where the image is white."""
    counts = random.poisson(image * (electrons / _WHITE))
    return counts * np.float32(_WHITE / electrons)


def _jpeg(image: Pixels, quality: float, _random: np.random.Generator) -> Disturbed:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=int(quality))
    decoded: Pixels = np.asarray(Image.open(stream, formats=["JPEG"]))
    return decoded


def _shift(image: Pixels, share: float, random: np.random.Generator) -> Disturbed:
    """A shift in any direction by one or more whole pixels; the border is repeated where nothing was seen."""
    height, width = image.shape[:2]
    angle = random.uniform(0, 2 * np.pi)
    distance = max(share * min(height, width), 1.0)
    rows = np.clip(np.arange(height) + round(distance * np.sin(angle)), 0, height - 1)
    columns = np.clip(np.arange(width) + round(distance * np.cos(angle)), 0, width - 1)
    shifted: Pixels = image[rows][:, columns]
    return shifted


def _rotation(image: Pixels, degrees: float, random: np.random.Generator) -> Disturbed:
    """A turn about the centre to either side; the border is repeated where nothing was seen."""
    height, width = image.shape[:2]
    margin = int(np.ceil(np.hypot(height, width) / 2 * np.sin(np.radians(degrees)))) + 1
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "edge")
    angle = degrees * random.choice([-1.0, 1.0])
    turned = np.asarray(Image.fromarray(padded).rotate(angle, Image.Resampling.BILINEAR))
    return turned[margin : margin + height, margin : margin + width]


CORRUPTIONS: dict[str, tuple[Kind, tuple[float, ...]]] = {
    "darker": (_exposure, (0.95, 0.9, 0.8, 0.65, 0.5)),
    "brighter": (_exposure, (1.05, 1.1, 1.2, 1.35, 1.6)),
    "contrast": (_contrast, (0.95, 0.9, 0.8, 0.65, 0.45)),
    "warmer": (_warmth, (0.01, 0.02, 0.04, 0.08, 0.15)),
    "colder": (_warmth, (-0.01, -0.02, -0.04, -0.08, -0.15)),
    "glare": (_glare, (0.15, 0.3, 0.45, 0.6, 0.8)),
    "defocus": (_defocus, (0.002, 0.004, 0.007, 0.011, 0.016)),
    "motion": (_motion, (0.003, 0.008, 0.015, 0.027, 0.04)),
    "gaussian_noise": (_gaussian, (1.0, 2.0, 4.0, 8.0, 16.0)),
    "shot_noise": (_shot, (20000.0, 8000.0, 2500.0, 800.0, 200.0)),
    "jpeg": (_jpeg, (95.0, 85.0, 70.0, 50.0, 25.0)),
    "shift": (_shift, (0.005, 0.01, 0.02, 0.035, 0.05)),
    "rotation": (_rotation, (0.5, 1.0, 2.0, 3.5, 5.0)),
}
"""What makes each kind, and its constant at each severity.

A factor of all values (`darker`, `brighter`), of the distance to middle grey (`contrast`), what red gains
and blue loses (`warmer`, `colder`), the light in the middle of a spot (`glare`), radius of the blur
(`defocus`), its length (`motion`) and that of the `shift` as shares of the shorter side, the standard
deviation in grey levels of 255 (`gaussian_noise`), electrons at white (`shot_noise`), Pillow's quality
(`jpeg`), degrees (`rotation`).
"""
