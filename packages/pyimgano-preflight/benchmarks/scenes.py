"""Pictures as inspection cameras take them: ten materials and parts, through a lens, with sensor noise."""

from __future__ import annotations

from functools import cache

import numpy as np
from attrs import define
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[np.float32]


@define(frozen=True, kw_only=True)
class Scene:
    """One camera station. `level` and `contrast` are grey levels; `play` is how far parts move, in pixels."""

    name: str
    kind: str
    size: tuple[int, int]  # width, height
    suffix: str
    mode: str
    level: float = 120.0
    contrast: float = 30.0
    noise: float = 1.2
    lens: float = 0.7
    play: int | None = None

    @property
    def has_detail(self) -> bool:
        """Whether there is more fine detail than noise, so that a blurred picture looks it."""
        return self.is_lit and self.kind != "disc"

    @property
    def is_lit(self) -> bool:
        """Whether it is neither a dark field nor a bright field."""
        return 80 <= self.level <= 175 and self.contrast >= 20


SCENES = (
    Scene(name="casting", kind="grain", size=(1024, 768), suffix=".png", mode="L", contrast=28),
    Scene(name="sheet", kind="brushed", size=(800, 600), suffix=".jpg", mode="L", contrast=24),
    Scene(name="fabric", kind="weave", size=(800, 800), suffix=".png", mode="RGB", contrast=35),
    Scene(name="board", kind="board", size=(720, 540), suffix=".jpg", mode="RGB", contrast=40, play=3),
    Scene(name="disc", kind="disc", size=(900, 900), suffix=".png", mode="L", contrast=22, play=4),
    Scene(name="leather", kind="grain", size=(700, 700), suffix=".jpg", mode="RGB", level=95, contrast=25),
    Scene(name="glass", kind="grain", size=(1024, 1024), suffix=".png", mode="L", level=235, contrast=3),
    Scene(name="dark_field", kind="specks", size=(800, 600), suffix=".jpg", mode="L", level=6, contrast=60),
    Scene(name="tile", kind="brushed", size=(840, 840), suffix=".png", mode="RGB", level=150, contrast=30),
    Scene(
        name="cell", kind="board", size=(960, 720), suffix=".jpg", mode="L", level=100, contrast=35, play=2
    ),
)


def draw(scene: Scene, rng: np.random.Generator, *, defocus: float = 0.0, fog: float = 1.0) -> Image.Image:
    """Return one picture; `defocus` is the blur of a wrong distance, `fog` what is left of the contrast."""
    width, height = scene.size
    relief = _surface(scene)
    top, left = _window(scene, rng)
    view = relief[top : top + height, left : left + width].copy()
    if scene.play is not None:
        own = _noise_field((height, width), 4.0, int(rng.integers(8)))
        view += 0.35 * np.roll(own, tuple(rng.integers(0, 200, 2)), (0, 1))
    light = 1.0 + rng.normal(0, 0.02) + _slope(width, rng)  # (W,)
    values = np.clip((scene.level + fog * scene.contrast * view) * light, 0, 255)
    blurred = Image.fromarray(values.astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(float(np.hypot(scene.lens, defocus)))
    )
    return _expose(np.asarray(blurred, np.float32), scene, rng)


def add_defect(image: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Return the picture with a scratch or a stain on it, and the mask of that."""
    mask = Image.new("L", image.size)
    pen = ImageDraw.Draw(mask)
    width, height = image.size
    x, y = int(rng.integers(60, width - 60)), int(rng.integers(60, height - 60))
    if rng.random() < 0.5:
        dx, dy = rng.integers(-50, 50, 2).tolist()
        pen.line([x, y, x + dx, y + dy + 20], fill=255, width=int(rng.integers(4, 9)))
    else:
        radius = int(rng.integers(8, 30))
        pen.ellipse([x - radius, y - radius, x + radius, y + radius // 2], fill=255)
    middle = np.asarray(image.convert("L")).mean()
    stain = Image.new(image.mode, image.size, ("white", "black")[int(middle > 128)])
    soft = mask.filter(ImageFilter.GaussianBlur(1)).point(lambda value: value * 0.7)
    return Image.composite(stain, image, soft), mask


def _expose(values: Array, scene: Scene, rng: np.random.Generator) -> Image.Image:
    if scene.mode == "L":
        noisy = values + scene.noise * rng.standard_normal(values.shape, np.float32)
        return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    tint = np.array([1.0, 0.93, 0.85], np.float32)
    noise = scene.noise * rng.standard_normal((*values.shape, 3), np.float32)
    return Image.fromarray(np.clip(values[..., None] * tint + noise, 0, 255).astype(np.uint8))


def _window(scene: Scene, rng: np.random.Generator) -> tuple[int, int]:
    """Return where the camera looks: anywhere on a web of material, near one place at a part in a fixture."""
    width, height = scene.size
    if scene.play is None:
        return int(rng.integers(height)), int(rng.integers(width))
    dy, dx = rng.integers(-scene.play, scene.play + 1, 2)
    return height // 2 + int(dy), width // 2 + int(dx)


def _slope(width: int, rng: np.random.Generator) -> Array:
    return np.linspace(-0.02, 0.02, width, dtype=np.float32) * np.float32(rng.normal())


@cache
def _surface(scene: Scene) -> Array:
    """Return the relief of the whole surface (2H, 2W), with a mean of 0 and a deviation of about 1."""
    width, height = 2 * scene.size[0], 2 * scene.size[1]
    seed = sum(scene.name.encode())
    if scene.kind == "grain":
        return _noise_field((height, width), 1.0, seed) * 0.8 + _noise_field((height, width), 12, seed) * 0.6
    if scene.kind == "brushed":
        lines = _noise_field((height, width), 1.2, seed, stretch=25)
        return lines * 0.9 + _noise_field((height, width), 2, seed) * 0.4
    if scene.kind == "weave":
        y, x = np.mgrid[:height, :width].astype(np.float32)
        threads = np.sin(x / 2.2) * np.cos(y / 2.6) + 0.3 * np.sin(x / 40)
        return np.asarray(threads + _noise_field((height, width), 2, seed) * 0.5, np.float32)
    return _drawn(scene, width, height, np.random.default_rng(seed))


def _drawn(scene: Scene, width: int, height: int, rng: np.random.Generator) -> Array:
    canvas = Image.new("L", (width, height), 0 if scene.kind == "specks" else 110)
    pen = ImageDraw.Draw(canvas)
    if scene.kind == "disc":
        for radius in range(400, 20, -20):
            middle = (width // 2 - radius, height // 2 - radius, width // 2 + radius, height // 2 + radius)
            pen.ellipse(middle, fill=60 + (radius * 37) % 150)
        return _standardized(canvas) + 0.5 * _noise_field((height, width), 1.5, 5)
    for _ in range(2500 if scene.kind == "specks" else 900):
        x, y, size = int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(2, 40))
        if scene.kind == "specks":
            pen.ellipse([x, y, x + size // 12 + 1, y + size // 12 + 1], fill=int(rng.integers(90, 255)))
        else:
            pen.rectangle([x, y, x + 2 * size, y + size], fill=int(rng.integers(256)))
    if scene.kind == "specks":
        return np.asarray(canvas, np.float32) / np.float32(60)
    return _standardized(canvas) + np.float32(0.3) * _noise_field((height, width), 1.0, 5)


def _standardized(canvas: Image.Image) -> Array:
    values = np.asarray(canvas, np.float32)
    return np.asarray((values - values.mean()) / values.std(), np.float32)


@cache
def _noise_field(shape: tuple[int, int], grain: float, seed: int, stretch: float = 1.0) -> Array:
    """Return noise (H, W) with details of `grain` pixels, drawn out along the rows by `stretch`."""
    height, width = shape
    white = np.random.default_rng(seed).standard_normal(shape, np.float32)
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None, :]
    low_pass = np.exp(-2 * (np.pi * grain) ** 2 * (fy**2 + (fx * stretch) ** 2))
    field = np.fft.irfft2(np.fft.rfft2(white) * low_pass, shape).astype(np.float32)
    return np.asarray(field / field.std(), np.float32)
