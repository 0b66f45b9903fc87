"""`pyimgano-core evaluate` over the files of a run gives the run's own results, to the last digit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """
[dataset]
manifest_path = "images/manifest.jsonl"
category = "gear"
resize = [64, 64]
REGION
[threshold]
method = "quantile"
quantile = 0.9
pixel_minimum_area = 4

[threshold.review]
method = "quantile"
quantile = 0.5

[evaluation]
saturation = 0.5
bootstrap_replicates = 100

[output]
output_dir = "run"
save_maps = true
"""


def run(folder, program, *arguments):
    command = [Path(sys.executable).with_name(program), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)


REGION = """
[dataset.tiling]
[dataset.regions]
gear = "region.png"
"""


@pytest.fixture(scope="module", params=["", REGION], ids=["whole", "tiles of a region"])
def folder(tmp_path_factory, request):
    """The folder of a finished run of the demo, and of a manifest of the same images."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "config.toml").write_text(CONFIG.replace("REGION", request.param), encoding="utf-8")
    Image.fromarray(np.tri(96, dtype=bool)).save(folder / "region.png")
    source = ["--layout", "demo", "--root", "images", "--output", "images/manifest.jsonl"]
    run(folder, "pyimgano-core", "manifest", "build", *source)
    run(folder, "pyimgano-train", "--config", "config.toml", "--export-infer-config")
    return folder


def test_every_result_of_the_run_is_found_again(folder):
    found = run(
        folder, "pyimgano-core", "evaluate", "--predictions", "run/categories/gear/per_image.jsonl",
        "--manifest", "images/manifest.jsonl", "--infer-config", "run/artifacts/infer_config.json",
        "--config", "config.toml", "--category", "gear", "--json",
    )  # fmt: skip
    evaluated = json.loads(found.stdout)["per_category"]["gear"]
    report = json.loads((folder / "run/categories/gear/report.json").read_text("utf-8"))
    assert report["results"]["pixel_metrics"]["verdicts"]["minimum_area"] == 4
    assert report["results"] == evaluated["results"]
    for name in ("threshold", "pixel_threshold", "review_threshold", "split_fingerprint"):
        assert report[name] == evaluated[name]


def test_without_the_deployed_config_the_same_pixels_count(folder):
    found = run(
        folder, "pyimgano-core", "evaluate", "--predictions", "run/categories/gear/per_image.jsonl",
        "--manifest", "images/manifest.jsonl", "--config", "config.toml", "--category", "gear", "--json",
    )  # fmt: skip
    evaluated = json.loads(found.stdout)["per_category"]["gear"]["results"]["pixel_metrics"]
    report = json.loads((folder / "run/categories/gear/report.json").read_text("utf-8"))
    expected = report["results"]["pixel_metrics"]
    for name in ("pixel_auroc", "pixel_average_precision", "aupro", "aupimo", "region_count"):
        assert expected[name] == evaluated[name]
