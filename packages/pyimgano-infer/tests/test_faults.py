"""What ends a worker: an image that kills it, a bug, a full disk, a model that can't be loaded."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from pyimgano_infer._part import lines_of

KILLERS = """
import os, signal
import pyimgano_infer._predict as module
score = module.score_file
def score_or_die(path, **options):
    if path.name.startswith("killer"):
        os.kill(os.getpid(), signal.SIGKILL)
    return score(path, **options)
module.score_file = score_or_die
"""
BUG = """
import pyimgano_infer._predict as module
def score_file(path, **options):
    raise ZeroDivisionError("a bug")
module.score_file = score_file
"""
DEADLY_MODEL = """
import os, signal
import pyimgano_infer._models as module
def load(*_):
    os.kill(os.getpid(), signal.SIGKILL)
module.Models.load = load
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_images_that_kill_two_workers_are_failures_and_cost_nothing_else(config, grey, start_infer):
    killers = [grey(f"killer{number}.png", 9) for number in range(5)]
    images = [grey("a.png", 51), *killers[:4], grey("b.png", 200), killers[4], grey("c.png", 51)]
    process = start_infer("--infer-config", config, "--workers", 2, *images, prelude=KILLERS)
    out, err = process.communicate(timeout=120)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [None, *["killed_worker"] * 4, None, "killed_worker", None] == [
        line.get("error", {}).get("code") for line in lines
    ]
    assert "killer0.png: killed two processes that scored it" in lines[1]["error"]["message"]
    assert (4, False) == (process.returncode, "Traceback" in err)


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_model_that_kills_every_worker_is_not_blamed_on_the_images(config, grey, start_infer):
    process = start_infer("--infer-config", config, "--workers", 1, grey("a.png", 9), prelude=DEADLY_MODEL)
    out, err = process.communicate(timeout=120)
    assert (74, "") == (process.returncode, out)
    assert "no input of it was scored" in err


def test_a_bug_is_a_traceback_of_code_1_and_what_was_finished_is_kept(config, grey, start_infer, tmp_path):
    output = tmp_path / "out.jsonl"
    process = start_infer("--infer-config", config, "--output", output, grey("a.png", 9), prelude=BUG)
    _, err = process.communicate(timeout=60)
    assert (1, True, False) == (process.returncode, "ZeroDivisionError: a bug" in err, output.exists())


@pytest.fixture
def small_disk(tmp_path):
    """Return the folder of a file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if os.name == "nt" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("product", [[], ["--maps"], ["--overlays"]])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    config, grey, manifest, run_infer, small_disk, tmp_path, product
):
    grey("a.png", 51)
    rows = manifest(*[{"image_path": "a.png", "category": "part", "meta": {"note": "x" * 200}}] * 200)
    kept = [*product, small_disk / "products"] if product else []
    command = ["--infer-config", config, "--output", small_disk / "out.jsonl", *kept, rows]
    full = run_infer(*command)
    assert (74, False) == (full.code, (small_disk / "out.jsonl").exists())
    assert "No space left on device: make room and run the same command again" in full.err
    assert [1, 0] == [Counter(full.err)["\n"] - full.err.count("unfinished"), full.err.count("Traceback")]
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    summary = tmp_path / "s.json"
    assert 0 == run_infer(*command, "--summary", summary).code
    assert 200 == len((small_disk / "out.jsonl").read_text().splitlines())
    assert 0 < json.loads(summary.read_text())["n_resumed"] < 200


def test_a_model_that_can_t_be_loaded_is_one_line_and_leaves_nothing(config, grey, run_infer, tmp_path):
    checkpoint = config.parents[1] / "checkpoints" / "part" / "model.onnx"
    checkpoint.write_bytes(bytes(reversed(checkpoint.read_bytes())))
    output = tmp_path / "out.jsonl"
    done = run_infer("--infer-config", config, "--output", output, grey("a.png", 9))
    assert (5, 1) == (done.code, len(done.err.splitlines()))
    assert [] == list(tmp_path.glob("out*"))


def test_what_was_finished_stays_when_the_checkpoint_of_a_later_row_is_bad(
    run_infer, make_config, grey, manifest, tmp_path
):
    config = make_config("bolt", "nut")
    other = tmp_path / "run" / "checkpoints" / "nut" / "model.onnx"
    other.write_bytes(bytes(reversed(other.read_bytes())))
    grey("a.png", 9)
    names = ["bolt"] * 4 + ["nut"]
    rows = manifest(*({"image_path": "a.png", "category": name} for name in names))
    output = tmp_path / "out.jsonl"
    done = run_infer("--infer-config", config, "--workers", 1, "--output", output, rows)
    assert (5, False) == (done.code, output.exists())
    part = Path(f"{output}.partial", "part-000000.jsonl")
    assert ["bolt"] * 4 == [json.loads(line)["category"] for line in lines_of(part)]


def test_a_runtime_whose_libraries_are_missing_is_one_line(config, grey, start_infer, tmp_path):
    broken = tmp_path / "site" / "onnxruntime" / "__init__.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ImportError('libgone.so.1: cannot open shared object file')")
    prelude = f"import sys\nsys.path.insert(0, {str(broken.parents[1])!r})"
    process = start_infer("--infer-config", config, grey("a.png", 9), prelude=prelude)
    out, err = process.communicate(timeout=60)
    assert (74, "") == (process.returncode, out)
    assert err.startswith("Error: onnxruntime can't be loaded: libgone.so.1: cannot open shared object file")
    assert 1 == len(err.splitlines())
