"""`pyimgano-benchmark deployed` finds the numbers of training again, by running the exported artifact."""

from __future__ import annotations

import json
import shutil
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
[model]
name = "subspace"
device = "cpu"

[threshold]
method = "quantile"
quantile = 0.8
pixel_minimum_area = 4

[threshold.review]
method = "quantile"
quantile = 0.5

[evaluation]
saturation = 0.5
bootstrap_replicates = 100

[output]
output_dir = "run"
"""
REGION = """
[dataset.tiling]
[dataset.regions]
gear = "region.png"
"""
SAME_DATA = ("--manifest-path", "images/manifest.jsonl", "--category", "gear")
SAME_MEASURES = ("--set", "evaluation.saturation=0.5", "--set", "evaluation.bootstrap_replicates=100")


def run(folder, program, *arguments, code=0):
    command = [Path(sys.executable).with_name(program), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert code == done.returncode, done.stderr
    return done


def deployed(folder, output, *more, code=0):
    artifact = ("--infer-config", "run/artifacts/infer_config.json")
    options = (*artifact, *SAME_DATA, *SAME_MEASURES, "--output-dir", output, "--json", *more)
    return json.loads(run(folder, "pyimgano-benchmark", "deployed", *options, code=code).stdout)


def only_cell(folder):
    (path,) = (folder / "cells").glob("*.json")
    return json.loads(path.read_text("utf-8"))


@pytest.fixture(scope="module", params=["", REGION], ids=["whole", "tiles of a region"])
def folder(tmp_path_factory, request):
    """The folder of a finished run of the demo, exported."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "config.toml").write_text(CONFIG.replace("REGION", request.param), encoding="utf-8")
    Image.fromarray(np.tri(96, dtype=bool)).save(folder / "region.png")
    source = ["--layout", "demo", "--root", "images", "--output", "images/manifest.jsonl"]
    run(folder, "pyimgano-core", "manifest", "build", *source)
    run(folder, "pyimgano-train", "--config", "config.toml", "--export-infer-config")
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    return json.loads((folder / "run/categories/gear/report.json").read_text("utf-8"))


def assert_same(trained, report):
    assert trained["results"]["pixel_metrics"]["verdicts"]["minimum_area"] == 4
    assert trained["results"]["review"] is not None
    same = ("results", "threshold", "pixel_threshold", "review_threshold", "split_fingerprint", "failures")
    assert {name: trained[name] for name in same} == {name: report[name] for name in same}


def test_the_artifact_gives_what_training_reported_to_the_last_digit(folder, trained):
    results = deployed(folder, "bench")
    cell = only_cell(folder / "bench")
    assert_same(trained, cell["report"])
    lines = (folder / "bench/cells" / cell["per_image"]["path"]).read_bytes()
    assert (folder / "run/categories/gear/per_image.jsonl").read_bytes() == lines
    (row,) = results["rows"]
    summary = results["settings"]["summaries"]["gear"]
    assert trained["results"]["auroc"] == row["image_auroc"]
    assert trained["dataset_summary"]["test_count"] == summary["n_inputs"]
    assert summary["seconds"] == row["total_seconds"] > 0


def test_lines_and_maps_that_the_program_left_give_the_same(folder, trained):
    config = ("--infer-config", "run/artifacts/infer_config.json")
    kept = ("--output", "left/lines.jsonl", "--maps", "left/maps")
    run(folder, "pyimgano-infer", *config, "images/gear/test", *kept)
    results = deployed(folder, "read", "--predictions", "left/lines.jsonl")
    assert_same(trained, only_cell(folder / "read")["report"])
    assert {} == results["settings"]["summaries"]


def test_an_image_that_can_not_be_read_is_counted_and_the_others_measured(folder, trained):
    whole = folder / "images/gear/test/good/000.png"
    kept = shutil.copy(whole, folder / "kept.png")
    whole.write_bytes(whole.read_bytes()[:200])
    try:
        results = deployed(folder, "damaged", code=4)
    finally:
        shutil.move(kept, whole)
    (row,) = results["rows"]
    total = trained["results"]["false_alarm_rate"]["total"]
    assert (1, total - 1) == (row["failed_count"], row["normal_count"])
    assert any("the split is not that of training" in note for note in results["notes"])
