"""A real config with real, tiny scorer graphs, images of known score, and the command run in-process."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import define, evolve
from hypothesis import HealthCheck, settings
from PIL import Image

from pyimgano_core.artifacts import write_artifact
from pyimgano_core.cli.app import run
from pyimgano_core.contracts.infer_config import (
    CategoryModel,
    Checkpoint,
    InferConfig,
    Preprocessing,
    RegionFile,
    SelfTest,
)
from pyimgano_core.contracts.threshold import Threshold, ThresholdProvenance
from pyimgano_core.images import encode_interest
from pyimgano_core.scoring import OnnxScorer, run_self_test
from pyimgano_infer.cli import infer

# Limits of time would fail tests where the machine is busy.
settings.register_profile(
    "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

DATA = Path(__file__).parent / "data"
MEAN = DATA / "mean.onnx"


@define(frozen=True, kw_only=True)
class Finished:
    """What a run of the command left: exit code, stdout's JSON lines, and both streams as text."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def _threshold(value: float | None, minimum_area: int = 1) -> Threshold:
    provenance = ThresholdProvenance(method="quantile")
    return Threshold(value=value, provenance=provenance, minimum_area=minimum_area)


@pytest.fixture
def make_config(tmp_path):
    """Return a function that makes a run directory with a config and gives the config's path."""

    def make(
        *categories,
        threshold=0.5,
        review=None,
        pixel_threshold=0.5,
        minimum_area=1,
        graph="mean",
        tiling=None,
        region=None,
        folder=tmp_path / "run",
    ):
        used = {
            "minimum_area": minimum_area > 1,
            "region": region is not None,
            "review_band": review is not None,
            "tiling": tiling is not None,
        }
        thresholds = {
            "threshold": _threshold(threshold),
            "review_threshold": None if review is None else _threshold(review),
            "pixel_threshold": _threshold(pixel_threshold, minimum_area),
        }
        config = InferConfig(
            requires=tuple(name for name, is_used in used.items() if is_used),
            pyimgano_version="0.1.0",
            from_run="run",
            per_category={
                name: evolve(
                    _category(folder, name, graph, thresholds),
                    preprocessing=Preprocessing(resize=(8, 8), tiling=tiling),
                    region=None if region is None else _region(folder, name, region),
                )
                for name in categories or ["part"]
            },
        )
        path = folder / "artifacts" / "infer_config.json"
        write_artifact(path, config)
        return path

    return make


def _category(folder, name, graph, thresholds):
    checkpoint = folder / "checkpoints" / name / "model.onnx"
    checkpoint.parent.mkdir(parents=True)
    shutil.copyfile(DATA / f"{graph}.onnx", checkpoint)
    content = checkpoint.read_bytes()
    return CategoryModel(
        checkpoint=Checkpoint(
            path=f"../checkpoints/{name}/model.onnx",
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        ),
        preprocessing=Preprocessing(resize=(8, 8)),
        **thresholds,
        self_test=SelfTest(**run_self_test(OnnxScorer(content))),
    )


def _region(folder, name, interest):
    content = encode_interest(interest)
    (folder / "checkpoints" / name / "region.png").write_bytes(content)
    return RegionFile(
        path=f"../checkpoints/{name}/region.png",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        share=float(interest.mean()),
    )


@pytest.fixture
def config(make_config):
    """Return the path of a config with one category, `part`; grey images of 128 and more are anomalous."""
    return make_config()


@pytest.fixture
def edit_config(config):
    """Return a function that lets another change the config's document, and gives the config's path."""

    def edit(change):
        document = json.loads(config.read_text())
        change(document["per_category"]["part"])
        config.write_text(json.dumps(document))
        return config

    return edit


@pytest.fixture
def grey(tmp_path):
    """Return a function that writes a grey image; its score is its value over 255."""

    def write(name, value, size=(20, 30)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*size, 3), value, dtype=np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def spots(tmp_path):
    """Return the path of a black image of the graph's size with white squares of 4 and of 9 pixels."""
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[0:2, 0:2] = 255
    pixels[4:7, 4:7] = 255
    Image.fromarray(pixels).save(tmp_path / "spots.png")
    return tmp_path / "spots.png"


@pytest.fixture
def run_infer(capfd):
    """Return a function that runs the command in this process."""

    def call(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            run(infer, [str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Finished(code=int(stopped.value.code or 0), out=captured.out, err=captured.err)

    return call


@pytest.fixture
def manifest(tmp_path):
    """Return a function that writes lines (objects, or text as it is) as a manifest."""

    def write(*lines, name="manifest.jsonl"):
        path = tmp_path / name
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path.write_text("".join(f"{text}\n" for text in texts))
        return path

    return write


@pytest.fixture
def start_infer():
    """Return a function that starts the command as a process of its own, which does not outlive the test.

    Its `prelude` is run in the command's process and in each of its workers.
    """
    started = []

    def start(*arguments, prelude="", **options):
        main = "from pyimgano_infer.cli import main\nif __name__ == '__main__':\n    main()\n"
        script = Path(tempfile.mkdtemp()) / "command.py"
        script.write_text(f"{prelude}\n{main}")
        command = [sys.executable, str(script), *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, **pipes, text=True, **options)
        started.append((process, script.parent))
        return process

    yield start
    for process, folder in started:
        process.kill()
        process.communicate()
        shutil.rmtree(folder)


def lines_in(folder):
    """Return how many lines of results the parts in a folder hold by now."""
    try:
        return sum(max(0, path.read_bytes().count(b"\n") - 1) for path in folder.glob("part-*.*"))
    except FileNotFoundError:  # renamed meanwhile
        return lines_in(folder)


@pytest.fixture
def wait_for_lines():
    """Return a function that waits until a run has so many lines in its folder."""

    def wait(folder, count, process):
        deadline = time.monotonic() + 60
        while lines_in(folder) < count:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"{lines_in(folder)} lines, then {process.communicate()[1]}")
            time.sleep(0.01)

    return wait
