"""The 8-bit graph of a run gives a deployment host the verdicts that its report counts."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

BIN = Path(sys.executable).parent
CONFIG = """
[dataset]
manifest_path = "manifest.jsonl"
resize = [64, 64]
[model]
name = "patchcore"
[model.features]
backbone = "test_resnet"
weights = "random"
[threshold]
method = "quantile"
quantile = 1.0
[export]
int8 = true
[output]
output_dir = "run"
"""


def write_data(folder):
    """Write noise, some of it with a dark square, and return the test images."""
    rng = np.random.default_rng(0)
    lines = []
    for index in range(60):
        pixels = rng.normal(120, 8, (64, 64, 3)).clip(0, 255).astype(np.uint8)
        is_test, label = index >= 50, int(index >= 55)
        if label:
            pixels[20:40, 20:40] = 10
        Image.fromarray(pixels).save(folder / f"{index}.png")
        line = {"image_path": f"{index}.png", "category": "part", "split": "test" if is_test else "train"}
        lines.append(line | ({"label": label} if is_test else {}))
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [line["image_path"] for line in lines if line["split"] == "test"]


def run(program, *arguments, folder):
    command = [BIN / program, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert 0 == result.returncode, result.stderr
    return result.stdout


def test_inference_with_the_8_bit_config_counts_as_the_report_does(tmp_path):
    images = write_data(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    run("pyimgano-train", "--config", "config.toml", "--export-infer-config", folder=tmp_path)
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    counts = report["per_category"]["part"]["int8"]["results"]["metrics"]
    config = ("--infer-config", "run/artifacts/infer_config_int8.json")
    lines = run("pyimgano-infer", *config, *images, folder=tmp_path).splitlines()
    found = Counter(json.loads(line)["label"] for line in lines)
    assert {"normal", "anomalous"} == set(found)
    assert counts["tp"] + counts["fp"] == found["anomalous"]
    run("pyimgano-infer", *config, "--verify", folder=tmp_path)
