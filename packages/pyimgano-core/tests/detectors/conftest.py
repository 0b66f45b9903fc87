"""Tiny textures and a quick fit; each architecture is exported once per test run."""

import numpy as np
import pytest
import torch

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages

SIDE = 64
RANDOM = FeaturesConfig(backbone="test_resnet", weights="random")


def draw_textures(count, *, seed=0, height=SIDE, width=SIDE):
    """Return stripes with noise, uint8 (count, height, width, 3)."""
    random = np.random.default_rng(seed)
    stripes = 128 + 50 * np.sin(np.arange(width) / 3)
    pixels = stripes[None, None, :, None] + random.normal(0, 8, (count, height, width, 3))
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session", autouse=True)
def _keep(keep_exports):
    pass


@pytest.fixture
def textures():
    return draw_textures


@pytest.fixture
def random_backbone():
    """A small timm backbone with random weights."""
    return RANDOM


@pytest.fixture
def fit():
    """Return a function from a detector and images to its graph."""

    def call(detector, images, *, seed=0, device="cpu", progress=None):
        progress = SilentProgress() if progress is None else progress
        return detector.fit(ArrayImages(images), seed=seed, device=device, progress=progress)

    return call


@pytest.fixture
def rating():
    """Return a function from a graph to what rates its patches: (scorer, distances of images' patches)."""

    def parts(graph, images):
        scorer = graph.reference.__self__
        with torch.no_grad():
            vectors = scorer.patches(torch.from_numpy(images))  # (N, P, C)
            return scorer, vectors, scorer.head(vectors)

    return parts
