"""Makes what `throughput.py` and `footprint.py` deploy: ResNet-18 `patchcore` with a bank of 10,240 patches.

Ten images of 256 x 256 have that many patches, so all of them are remembered and nothing is to be chosen. The
network's weights are random: neither time nor memory depends on them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    InferConfig,
    Preprocessing,
    SelfTest,
)
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer, run_self_test
from pyimgano_core.testing import ArrayImages

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 256
BANK_IMAGES = 10
BUDGET_MB = 64.0
LAYERS = ("layer2", "layer3")


def texture(seed: int, side: int) -> NDArray[np.uint8]:
    """Return stripes with noise, (side, side, 3)."""
    stripes = 128 + 50 * np.sin(np.arange(side) / 7)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 12, (side, side, 3))
    return (stripes + noise).clip(0, 255).astype(np.uint8)


def write_images(folder: Path, *, count: int, side: int, suffix: str) -> list[Path]:
    """Write textures as files and return their paths."""
    paths = [folder / f"{index}{suffix}" for index in range(count)]
    for index, path in enumerate(paths):
        Image.fromarray(texture(index, side)).save(path, quality=95)
    return paths


def write_weights(path: Path) -> None:
    """Save a random ResNet-18."""
    import timm  # noqa: PLC0415 - slow

    torch.manual_seed(0)
    torch.save(timm.create_model("resnet18", pretrained=False, num_classes=0).state_dict(), path)


def make_patchcore(weights: Path) -> bytes:
    """Return the graph of a `patchcore` that remembers all patches of ten images."""
    torch.set_num_threads(1)
    features = FeaturesConfig(backbone="resnet18", weights=str(weights), layers=LAYERS)
    images = ArrayImages(np.stack([texture(index, SIDE) for index in range(BANK_IMAGES)]))
    detector = PatchCore(features=features, memory_budget_mb=BUDGET_MB)
    return detector.fit(images, seed=0, device="cpu", progress=SilentProgress()).model


def write_config(folder: Path, content: bytes) -> Path:
    """Write a graph with its config and return the config's path."""
    scorer = OnnxScorer(content)
    (folder / "model.onnx").write_bytes(content)
    checkpoint = Checkpoint(
        path="model.onnx", sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    answer = run_self_test(scorer)
    threshold = Threshold(value=answer["score"], provenance=ThresholdProvenance(method="quantile"))
    model = CategoryModel(
        checkpoint=checkpoint,
        preprocessing=Preprocessing(resize=scorer.size),
        threshold=threshold,
        self_test=SelfTest(**answer),
    )
    config = InferConfig(pyimgano_version="0.1.0", from_run="run", per_category={"part": model})
    write_artifact(folder / "infer_config.json", config)
    return folder / "infer_config.json"
