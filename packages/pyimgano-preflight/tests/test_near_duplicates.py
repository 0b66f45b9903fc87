"""Thumbnails leave out only pairs that their pixels would not confirm."""

import io

import numpy as np
import pytest
from PIL import Image

from pyimgano_preflight.checks.near_duplicates import _MOST_AT_FIRST, _MOST_RESIDUAL
from pyimgano_preflight.checks.residuals import SmallPictures
from pyimgano_preflight.facts import read_facts, read_picture

SIDE = 320


def scene(seed):
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(30, 220, (12, 12), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
    return (smooth + random.normal(0, 3, smooth.shape)).clip(0, 255).astype(np.uint8)


def as_jpeg(pixels, quality):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def half(pixels):
    return np.asarray(Image.fromarray(pixels).resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS))


COPIES = {
    "noise": lambda pixels: (pixels + np.random.default_rng(1).normal(0, 6, pixels.shape)).clip(0, 255),
    "JPEG 50": lambda pixels: as_jpeg(pixels, 50),
    "JPEG 90": lambda pixels: as_jpeg(pixels, 90),
    "brighter": lambda pixels: (pixels + 9.0).clip(0, 255),
    "half as large": half,
    "a speck": lambda pixels: np.where(np.indices(pixels.shape).sum(axis=0) < 24, 0, pixels),
}


def thumbnail_of(path):
    values = np.frombuffer(bytes.fromhex(read_facts(str(path), "image", "deep").pixels.thumbnail), np.uint8)
    return values - values.mean()


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_no_pair_that_the_pixels_confirm_is_left_out_by_its_thumbnails(tmp_path, copy):
    for seed in range(6):
        pixels = scene(seed)
        paths = [tmp_path / f"{seed}.png", tmp_path / f"{seed} copy.png"]
        for path, values in zip(paths, (pixels, copy(pixels)), strict=True):
            Image.fromarray(np.asarray(values).astype(np.uint8)).save(path)
        pictures = SmallPictures({number: read_picture(str(path)) for number, path in enumerate(paths)})
        residual = pictures.residual(0, 1)
        first, second = map(thumbnail_of, paths)
        apart = float(np.sqrt(np.mean((first - second) ** 2)))
        assert apart <= residual + (_MOST_AT_FIRST - _MOST_RESIDUAL)


def test_other_scenes_are_far_apart(tmp_path):
    for seed in range(2):
        Image.fromarray(scene(seed)).save(tmp_path / f"{seed}.png")
    first, second = (thumbnail_of(tmp_path / f"{seed}.png") for seed in range(2))
    assert np.sqrt(np.mean((first - second) ** 2)) > 10 * _MOST_AT_FIRST
