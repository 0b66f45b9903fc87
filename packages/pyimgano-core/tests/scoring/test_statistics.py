"""Brightness and sharpness of what a model sees, against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pyimgano_core.contracts.infer_config import Preprocessing
from pyimgano_core.scoring._statistics import image_statistics
from pyimgano_core.scoring.inputs import prepare_image


def slow_statistics(pixels):
    height, width = pixels.shape[:2]
    luma = [[float(np.dot(pixels[y, x], (0.299, 0.587, 0.114))) for x in range(width)] for y in range(height)]
    edges = []
    for y in range(height):
        for x in range(width):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            near = sum(luma[min(max(v, 0), height - 1)][min(max(u, 0), width - 1)] for v, u in around)
            edges.append(near - 4 * luma[y][x])
    return np.mean(luma), np.var(edges)


def test_they_are_what_their_definitions_say():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    found = image_statistics(pixels, None)
    assert slow_statistics(pixels) == pytest.approx((found.brightness, found.sharpness), rel=1e-5)


def test_an_even_image_has_no_sharpness():
    found = image_statistics(np.full((8, 8, 3), 100, np.uint8), None)
    assert (100.0, 0.0) == pytest.approx((found.brightness, found.sharpness), abs=1e-3)


def test_only_what_is_looked_at_counts(tmp_path):
    left = np.zeros((16, 16), bool)
    left[:, :8] = True
    path = tmp_path / "a.png"
    pixels = np.full((16, 16, 3), 250, np.uint8)
    pixels[:, :8] = 50
    Image.fromarray(pixels).save(path)
    found = prepare_image(path, Preprocessing(resize=(16, 16)), left).statistics()
    assert found.brightness == pytest.approx(50.0)


def test_they_are_told_to_six_digits_whatever_the_processor_rounds():
    pixels = np.random.default_rng(1).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    found = image_statistics(pixels, None)
    for value in (found.brightness, found.sharpness):
        assert float(f"{value:.6g}") == value
