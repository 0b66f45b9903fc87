import json
import shutil

import numpy as np
import pytest
from attrs import evolve

from pyimgano_bench.cell import CELLS, BenchCell, CellFile
from pyimgano_bench.cli import benchmark
from pyimgano_bench.commands.compare import command as compare
from pyimgano_core.artifacts import read_artifact, sha256_file, write_artifact
from pyimgano_core.cli.app import run
from pyimgano_core.metrics import auroc, load_sketch, save_sketch


@pytest.fixture
def call(capfd):
    """Run a command; returns exit code, stdout and stderr."""

    def call(command, *arguments):
        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


def lose(folder, count):
    """Score the lowest anomalies of each cell below all normals."""
    for path in (folder / CELLS).glob("*.json"):
        cell = read_artifact(path, BenchCell)
        file = folder / CELLS / cell.metric_sketch.path
        sketch = load_sketch(file)
        scores = sketch.scores.copy()
        scores[np.flatnonzero(sketch.anomalous)[:count]] = scores.min() - 1
        save_sketch(file, evolve(sketch, scores=scores))
        results = evolve(cell.report.results, auroc=auroc(scores, sketch.anomalous).value)
        report = evolve(cell.report, results=results)
        written = CellFile(path=file.name, sha256=sha256_file(file))
        write_artifact(path, evolve(cell, report=report, metric_sketch=written))


def test_a_loss_planted_in_real_cells_is_called_and_trips_the_gate(call, maker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    maker.add_category("bolt", train=4, normals=12, anomalies=12)
    code, _, err = call(
        *(benchmark, "--manifest-path", maker.write(), "--detector", "subspace", "--backbone", "filters"),
        *("--resize", 32, 32, "--seed", 0, "--seed", 1, "--workers", 0, "--output-dir", "before"),
    )
    assert (0, "") == (code, err)
    shutil.copytree("before", "after")
    lose(tmp_path / "after", 6)
    code, out, _ = call(compare, "after", "before", "--fail-if-worse", "--metric", "image_auroc")
    assert 3 == code
    assert ["bolt", "mean"] == [line.split()[2] for line in out.splitlines() if line.endswith("worse")]
    code, out, _ = call(compare, "before", "before", "--fail-if-worse")
    assert 0 == code
    assert {"equivalent"} == {
        line.split()[-1] for line in out.splitlines() if line.startswith(("image", "AUPRO"))
    }


def test_json_prints_the_document_that_is_written(call, side, tmp_path):
    places = (side("planted", loss=0.6), side("before"))
    arguments = ("--metric", "image_auroc", "--output-dir", tmp_path / "out", "--json")
    code, out, err = call(compare, *places, *arguments)
    assert (0, "") == (code, err)
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == json.loads(out)
    assert "image AUROC" in (tmp_path / "out" / "comparison.md").read_text()


def test_detectors_are_named_with_the_folder_or_mapped(call, side):
    old, new = side("old", label="padim", seeds=(0, 1)), side("new", label="padim-v2", seeds=(0, 1))
    quick = ("--metric", "image_auroc", "--json")
    found = [
        json.loads(call(compare, *arguments, *quick)[1])["pairs"][0]
        for arguments in ((f"{new}:padim-v2", f"{old}:padim"), (new, old, "--map", "padim-v2=padim"))
    ]
    assert found[0] == found[1]
    assert ("padim-v2", "padim") == (found[0]["contender"], found[0]["baseline"])
    assert 0 == call(compare, f"{old}:padim", old, *quick)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("before", "nowhere"), "nowhere has no results.json"),
        (("before:padim", "before", "--detector", "padim"), "names the detectors already"),
        (("before", "before", "--map", "padim"), "write a detector of A"),
        (("before", "before", "--margin", "2"), "the margin 2.0"),
        (("before", "before", "--detector", "nope"), "the first folder has no detector 'nope'"),
        (("before",), "Missing argument 'B'"),
    ],
)
def test_wrong_usage_is_one_line(call, side, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    side("before", seeds=(0,), categories=("bolt",))
    code, out, err = call(compare, *arguments)
    assert (64, "") == (code, out)
    assert message in err


def test_a_torn_sketch_is_an_artifact_that_can_not_be_trusted(call, side):
    folder = side("torn", seeds=(0, 1))
    path = min((folder / "cells").glob("*.npz"))
    path.write_bytes(path.read_bytes()[:-9])
    code, out, err = call(compare, folder, folder)
    assert (5, "") == (code, out)
    assert path.name in err
