"""A small data set on disk: grey texture, bright square defects, exact masks."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _write_dataset(
    folder: Path, *, categories=("part",), masks=True, train=8, normals=4, anomalies=4
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, category in enumerate(categories):
        rng = np.random.default_rng(number)

        def save(name, *, defect=False, category=category, rng=rng):
            image = rng.normal(110, 6, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            mask = np.zeros((64, 64), np.uint8)
            if defect:
                row, column = rng.integers(8, 44, 2)
                image[row : row + 10, column : column + 10] = 230
                mask[row : row + 10, column : column + 10] = 255
                Image.fromarray(mask).save(folder / f"{category}_{name}_mask.png")
            Image.fromarray(image).save(folder / f"{category}_{name}.png")
            return f"{category}_{name}.png"

        rows += [
            {"image_path": save(f"train{index}"), "category": category, "split": "train"}
            for index in range(train)
        ]
        for index in range(normals):
            path = save(f"good{index}")
            rows.append({"image_path": path, "category": category, "split": "test", "label": 0})
        for index in range(anomalies):
            path = save(f"bad{index}", defect=True)
            row = {"image_path": path, "category": category, "split": "test", "label": 1}
            row |= {"defect": "square", "meta": {"station": index}}
            if masks:
                row["mask_path"] = path.replace(".png", "_mask.png")
            rows.append(row)
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


@pytest.fixture
def dataset(tmp_path):
    """A manifest of one category with masks."""
    return _write_dataset(tmp_path / "data")


@pytest.fixture
def make_dataset(tmp_path):
    """Write a data set with other properties."""

    def make(**options):
        return _write_dataset(tmp_path / "data", **options)

    return make


def _write_config(folder, manifest, extra="", *, name="config.toml", output="run") -> Path:
    """Write a config of a quick detector for a manifest."""
    path = folder / name
    path.write_text(
        f"""
{extra}
[dataset]
manifest_path = {json.dumps(str(manifest))}
resize = [64, 64]
[model]
name = "padim"
[model.features]
backbone = "filters"
[output]
output_dir = {json.dumps(str(folder / output))}
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def make_config(tmp_path):
    """Write a config into the test's folder."""
    return partial(_write_config, tmp_path)


@pytest.fixture(scope="session")
def write_dataset():
    """Write a data set into any folder."""
    return _write_dataset


@pytest.fixture(scope="session")
def write_config():
    """Write a config into any folder."""
    return _write_config
