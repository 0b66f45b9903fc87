"""Small data sets on disk: grey texture, bright squares as defects, exact masks."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

# Limits of time would fail tests where the machine is busy.
settings.register_profile(
    "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


class Maker:
    """Writes 64x64 images and the manifest of one category after another."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.rng = np.random.default_rng(7)
        folder.mkdir()

    def add(self, category, name, *, defect=False, mask=True, **fields):
        image = self.rng.normal(110, 6, (64, 64, 3)).clip(0, 255).astype(np.uint8)
        row = {"image_path": f"{category}_{name}.png", "category": category, **fields}
        if defect:
            top, left = self.rng.integers(8, 44, 2)
            image[top : top + 10, left : left + 10] = 230
            row |= {"label": 1, "split": "test"}
            if mask:
                marked = np.zeros((64, 64), np.uint8)
                marked[top : top + 10, left : left + 10] = 255
                row["mask_path"] = f"{category}_{name}_mask.png"
                Image.fromarray(marked).save(self.folder / row["mask_path"])
        Image.fromarray(image).save(self.folder / row["image_path"])
        self.rows.append(row)

    def add_category(self, category, *, train=8, normals=4, anomalies=4, masks=True, **fields):
        for index in range(train):
            self.add(category, f"train{index}", split="train", **fields)
        for index in range(normals):
            self.add(category, f"good{index}", split="test", label=0)
        for index in range(anomalies):
            self.add(category, f"bad{index}", defect=True, mask=masks, meta={"station": index})

    def write(self):
        path = self.folder / "parts.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in self.rows), encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def maker_in():
    """Makes a maker for a folder that is not there yet, for fixtures that outlive a test."""
    return Maker


@pytest.fixture
def maker(tmp_path):
    return Maker(tmp_path / "data")


@pytest.fixture
def manifest(maker):
    """Two categories with masks."""
    maker.add_category("bolt")
    maker.add_category("nut")
    return maker.write()


@pytest.fixture
def one_category(maker):
    maker.add_category("bolt")
    return maker.write()


@pytest.fixture(scope="session")
def new_maker(tmp_path_factory):
    """Return a function that makes a maker, for data sets that several tests share."""
    return lambda name: Maker(tmp_path_factory.mktemp(name) / "data")
