"""The workbench and the benchmark run the same function, so all that they say of a category is the same.

One manifest holds a category per way of splitting: with `val`, with `train` only, without any split, with
groups, and with masks for some anomalies only.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CATEGORIES = ("automatic", "groups", "masks", "train", "val")
SEED = 3


class Writer:
    def __init__(self, folder):
        self.folder = folder
        self.rng = np.random.default_rng(11)
        self.rows = []

    def add(self, category, count, *, defect=False, masks=0, **fields):
        """Add `count` images; the first `masks` of them get a mask."""
        for index in range(count):
            name = f"{category}_{len(self.rows)}"
            image = self.rng.normal(110, 8, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            row = {"image_path": f"{name}.png", "category": category, "meta": {"index": index}, **fields}
            if defect:
                image[20:30, 24:40] = image[20:30, 24:40] // 2
                row |= {"label": 1, "defect": "dark"}
            if index < masks:
                mask = np.zeros((64, 64), np.uint8)
                mask[20:30, 24:40] = 255
                Image.fromarray(mask).save(self.folder / f"{name}_mask.png")
                row["mask_path"] = f"{name}_mask.png"
            Image.fromarray(image).save(self.folder / f"{name}.png")
            self.rows.append(row)

    def add_tests(self, category, masks):
        self.add(category, 3, split="test", label=0)
        self.add(category, 4, split="test", defect=True, masks=masks)


def write_manifest(folder):
    writer = Writer(folder)
    writer.add("val", 8, split="train")
    writer.add("val", 4, split="val")
    writer.add_tests("val", masks=4)
    writer.add("train", 10, split="train")
    writer.add_tests("train", masks=4)
    writer.add("automatic", 14)
    writer.add("automatic", 4, defect=True, masks=4)
    for number in range(6):
        writer.add("groups", 3, group_id=f"lot{number}")
    writer.add("groups", 3, defect=True, masks=3, group_id="bad lot")
    writer.add("masks", 10, split="train")
    writer.add_tests("masks", masks=2)
    path = folder / "parts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in writer.rows), encoding="utf-8")
    return path


def run(name, *arguments, folder):
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run directory of the workbench, and the cells of the benchmark by category."""
    folder = tmp_path_factory.mktemp("equal")
    manifest = write_manifest(folder)
    config = folder / "run.toml"
    config.write_text(
        f"""
        seed = {SEED}
        [dataset]
        manifest_path = "{manifest.name}"
        resize = [64, 64]
        [model]
        name = "patchcore"
        [model.features]
        backbone = "filters"
        [output]
        output_dir = "run"
        """,
        encoding="utf-8",
    )
    run("pyimgano-train", "--config", config, folder=folder)
    run(
        *("pyimgano-benchmark", "--manifest-path", manifest.name, "--detector", "patchcore"),
        *("--backbone", "filters", "--resize", 64, 64, "--seed", SEED, "--output-dir", "bench"),
        folder=folder,
    )
    cells = [json.loads(path.read_text("utf-8")) for path in (folder / "bench" / "cells").glob("*.json")]
    return folder, {cell["category"]: cell for cell in cells}


def report_of(folder, category):
    return json.loads((folder / "run" / "categories" / category / "report.json").read_text("utf-8"))


def test_both_ran_every_category(runs):
    folder, cells = runs
    assert set(CATEGORIES) == set(cells) == {path.name for path in (folder / "run" / "categories").iterdir()}


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_key_of_the_report_is_equal(runs, category):
    folder, cells = runs
    trained, benchmarked = report_of(folder, category), cells[category]["report"]
    assert set(trained) == set(benchmarked)
    assert {} == {
        key: (trained[key], benchmarked[key]) for key in trained if trained[key] != benchmarked[key]
    }


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_line_per_image_is_equal(runs, category):
    folder, cells = runs
    lines = (folder / "bench" / "cells" / cells[category]["per_image"]["path"]).read_bytes()
    assert (folder / "run" / "categories" / category / "per_image.jsonl").read_bytes() == lines


def test_the_categories_differ_as_they_are_meant_to(runs):
    """Equal reports prove little unless splits, calibration and gates really are of several kinds."""
    folder, _ = runs
    reports = {category: report_of(folder, category) for category in CATEGORIES}
    sources = {name: report["threshold"]["provenance"]["source"] for name, report in reports.items()}
    assert "val" == sources.pop("val")
    assert {"train_holdout"} == set(sources.values())
    gates = {name: report["pixel_metrics_status"]["reason"] for name, report in reports.items()}
    assert "missing_masks" == gates.pop("masks")
    assert {None} == set(gates.values())
    assert reports["groups"]["threshold"]["provenance"]["calibration_groups"] > 0
    assert len(CATEGORIES) == len({report["split_fingerprint"]["sha256"] for report in reports.values()})
