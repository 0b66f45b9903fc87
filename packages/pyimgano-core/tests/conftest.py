"""Core is tested bare as well as with its extras: a test that needs an extra is left out where it lacks."""

import json
from functools import lru_cache
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

# Limits of time would fail tests where the machine is busy.
settings.register_profile(
    "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

SIDE = 64

NEEDS = {
    "skimage": (
        "metrics/test_bootstrap.py",
        "metrics/test_counted.py",
        "metrics/test_decisions.py",
        "metrics/test_histogram.py",
        "metrics/test_per_image.py",
        "metrics/test_pixel.py",
        "metrics/test_planted_mistakes.py",
        "metrics/test_saturated.py",
        "metrics/test_sketch.py",
        "metrics/test_spool.py",
        "predictions/test_evaluate_files.py",
        "test_components.py",
        "test_regions.py",
        "evaluation",
    ),
    "ray": ("engine/test_cluster.py",),
    "fsspec": ("test_remote_images.py",),
    "onnxruntime": ("scoring", "pipeline", "evaluation"),
    "openvino": ("scoring/test_openvino.py", "detectors/test_openvino_parity.py"),
    "torch": ("detectors", "pipeline", "test_testing.py"),
}
MISSING = tuple(name for name in NEEDS if find_spec(name) is None)

collect_ignore_glob = [pattern for name in MISSING for pattern in NEEDS[name]]


def pytest_report_header():
    return [f"{name} is not installed: {', '.join(NEEDS[name])} left out" for name in MISSING]


@pytest.fixture(scope="session")
def keep_exports():
    """Keep more exported architectures than a program does, which fits one kind after the other."""
    from pyimgano_core.detectors.torch_parts import export  # noqa: PLC0415 - takes seconds to import

    export._template = lru_cache(maxsize=None)(export._template.__wrapped__)


@pytest.fixture
def write_dataset(tmp_path):
    """Return a function that writes stripes, some with dark squares, and returns their manifest."""

    def write(*, train=8, val=0, normal=4, anomalous=4, masked=None, category="part", name="data"):
        folder = tmp_path / name
        random = np.random.default_rng(7)
        counts = {"train": train, "val": val, "normal": normal, "anomalous": anomalous}
        lines = [
            _write_sample(folder, category, kind, index, random, masked)
            for kind, count in counts.items()
            for index in range(count)
        ]
        manifest = folder / "manifest.jsonl"
        with manifest.open("a", encoding="utf-8", newline="\n") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)
        return manifest

    return write


def _write_sample(folder, category, kind, index, random, masked):
    path = f"{category}/{kind}/{index:03}.png"
    pixels, mask = _draw(random, defective=kind == "anomalous")
    _save(folder / path, pixels)
    line = {"image_path": path, "category": category, "split": kind if kind in {"train", "val"} else "test"}
    if line["split"] == "test":
        line |= {"label": int(kind == "anomalous"), "meta": {"number": index}}
    if kind == "anomalous" and (masked is None or index < masked):
        line |= {"mask_path": f"{category}/masks/{index:03}.png", "defect": "square"}
        _save(folder / line["mask_path"], mask)
    return line


def _draw(random, *, defective):
    stripes = 128 + 60 * np.sin(np.arange(SIDE) / 3)
    pixels = np.repeat(np.tile(stripes, (SIDE, 1))[..., None], 3, axis=2) + random.normal(
        0, 4, (SIDE, SIDE, 3)
    )
    mask = np.zeros((SIDE, SIDE), np.uint8)
    if defective:
        top, left = random.integers(8, SIDE - 24, 2)
        mask[top : top + 16, left : left + 16] = 255
        pixels[mask > 0] = 15
    return pixels.clip(0, 255).astype(np.uint8), mask


def _save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
