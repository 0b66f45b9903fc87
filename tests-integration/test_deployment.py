"""A packed config, moved to an environment with pyimgano-infer alone, gives the training run's scores."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv")


def run(*command, **options):
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A deployment host: a fresh environment that holds pyimgano-infer from its wheel, and nothing else."""
    if UV is None:
        pytest.skip("uv is needed to make a fresh environment")
    folder = tmp_path_factory.mktemp("host")
    run(UV, "build", "--package", "pyimgano-core", "--wheel", "--out-dir", folder / "wheels", cwd=ROOT)
    run(UV, "build", "--package", "pyimgano-infer", "--wheel", "--out-dir", folder / "wheels", cwd=ROOT)
    run(UV, "venv", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(UV, "pip", "install", "--python", python, *(folder / "wheels").glob("*.whl"))
    return folder


def train(root, folder, features, dataset="cookies", **inputs):
    config = {
        "dataset": {"manifest_path": str(root / dataset / "manifest.jsonl"), "resize": [128, 128], **inputs},
        "model": {"name": "padim", "features": features, "device": "cpu"},
        "output": {"output_dir": str(folder / "run")},
    }
    (folder / "config.json").write_text(json.dumps(config))
    executable = Path(sys.executable).parent / "pyimgano-train"
    run(executable, "--config", folder / "config.json", "--export-infer-config")
    return folder / "run"


IN_PART = {"tiling": {"scale": 0.5, "max_train_tiles": 100}, "ignore": {"cookie": "border.png"}}


@pytest.mark.real_data
@pytest.mark.parametrize("inputs", [{}, IN_PART], ids=["whole", "tiles of a region"])
def test_a_moved_pack_gives_the_scores_and_labels_of_the_run(real_data, host, tmp_path, inputs):
    border = np.pad(np.zeros((62, 46), bool), 1, constant_values=True)
    Image.fromarray(border).save(tmp_path / "border.png")
    run_folder = train(real_data, tmp_path, {"backbone": "filters"}, **inputs)
    infer = host / "venv" / "bin" / "pyimgano-infer"
    run(infer, "--infer-config", run_folder / "artifacts" / "infer_config.json", "--pack", tmp_path / "pack")
    moved = Path(shutil.move(tmp_path / "pack", host / f"moved_{tmp_path.name}"))
    run_folder.rename(tmp_path / "gone")
    lines = (tmp_path / "gone" / "categories" / "cookie" / "per_image.jsonl").read_text().splitlines()
    expected = {
        line["input"]: (line["score"], line["threshold"], line["label"]) for line in map(json.loads, lines)
    }
    result = run(
        infer,
        "--infer-config",
        moved / "infer_config.json",
        real_data / "cookies" / "manifest.jsonl",
        cwd=host,
        env={"PATH": os.environ["PATH"]},
    )
    answers = {line["input"]: line for line in map(json.loads, result.stdout.splitlines())}
    actual = {
        name: (answers[name]["score"], answers[name]["threshold"], answers[name]["label"])
        for name in expected
    }
    assert actual == expected


def test_the_deployment_host_holds_no_torch_and_is_small(host):
    packages = next((host / "venv").glob("lib/python*/site-packages"))
    assert not [
        path.name for path in packages.iterdir() if path.name.startswith(("torch", "timm", "skimage"))
    ]
    size = sum(path.lstat().st_size for path in packages.rglob("*") if path.is_file())
    assert size < 260e6
