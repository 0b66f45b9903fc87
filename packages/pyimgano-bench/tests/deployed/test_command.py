"""The command over lines that an earlier run left; integration tests run the real program."""

import json
import sys
from pathlib import Path

import pytest

from pyimgano_bench.cell import BenchCell
from pyimgano_bench.commands.deployed import command as deployed
from pyimgano_bench.results import BenchResults
from pyimgano_core.artifacts import read_artifact
from pyimgano_core.cli.app import run
from pyimgano_core.contracts.prediction import Prediction
from pyimgano_core.contracts.structuring import structure


@pytest.fixture
def command(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(deployed, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


def cells_in(folder):
    paths = sorted((Path(folder) / "cells").glob("*.json"))
    return {cell.category: cell for cell in (read_artifact(path, BenchCell) for path in paths)}


def read_lines(path):
    return [
        structure(json.loads(line), Prediction, known_only=True)
        for line in path.read_text("utf-8").splitlines()
    ]


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def documents(exported):
    """The lines, as documents to change; without maps, which are beside the original."""
    lines = [json.loads(line) for line in exported.lines.read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "anomaly_map"} for line in lines]


def test_the_numbers_are_those_of_the_training_report(command, exported):
    code, _, err = command(*exported.arguments("--predictions", exported.lines, "--output-dir", "out"))
    assert (0, "") == (code, err)
    cells = cells_in("out")
    assert set(exported.reports) == set(cells)
    for name, report in exported.reports.items():
        found = cells[name].report
        assert report.results.pixel_metrics.aupro is not None
        assert report.results == found.results
        assert report.threshold == found.threshold
        assert report.pixel_threshold == found.pixel_threshold
        assert report.split_fingerprint == found.split_fingerprint
        assert report.dataset_summary == found.dataset_summary


def test_a_line_per_test_image_is_kept(command, exported):
    command(*exported.arguments("--predictions", exported.lines, "--output-dir", "out"))
    for name, cell in cells_in("out").items():
        assert exported.predictions[name] == read_lines(Path("out/cells") / cell.per_image.path)


def test_the_document_is_that_of_a_benchmark(command, exported):
    code, out, _ = command(
        *exported.arguments("--predictions", exported.lines, "--output-dir", "out", "--json")
    )
    results = structure(json.loads(out), BenchResults, known_only=False)
    assert 0 == code
    assert results == read_artifact(Path("out/results.json"), BenchResults)
    assert [("bolt", "subspace (deployed)", 3, "ok"), ("nut", "subspace (deployed)", 3, "ok")] == [
        (row.category, row.detector, row.seed, row.status) for row in results.rows
    ]
    assert str(exported.lines) == results.settings["predictions"]
    assert {"results.csv", "results.md", "results.json", "leaderboard.html", "cells"} == {
        path.name for path in Path("out").iterdir()
    }


def test_an_artifact_has_the_name_that_it_is_given(command, exported):
    _, out, _ = command(*exported.arguments("--predictions", exported.lines, "--label", "line 4"))
    assert "line 4" in out
    assert "(deployed)" not in out


def test_cells_of_another_artifact_in_the_folder_stay(command, exported):
    arguments = exported.arguments("--predictions", exported.lines, "--output-dir", "out")
    command(*arguments, "--label", "line 4")
    code, out, _ = command(*arguments, "--label", "line 5")
    assert 0 == code
    assert "2 cells of other settings in this folder are not in these tables" in out
    assert 4 == len(list(Path("out/cells").glob("*.json")))


def test_one_category_of_several_can_be_measured(command, exported):
    chosen = ("--category", "nut", "--output-dir", "out")
    code, out, _ = command(*exported.arguments("--predictions", exported.lines, *chosen))
    assert 0 == code
    assert "bolt: the artifact has this category, which is not measured here" in out
    assert ["nut"] == [row.category for row in read_artifact(Path("out/results.json"), BenchResults).rows]


def test_images_without_a_line_count_as_failed(command, exported, documents, tmp_path):
    lines = write_lines(tmp_path / "some.jsonl", documents[1:])
    code, _, err = command(*exported.arguments("--predictions", lines, "--output-dir", "out"))
    assert 4 == code
    assert "1 of 6 test images has no prediction" in err
    rows = read_artifact(Path("out/results.json"), BenchResults).rows
    assert [1, 0] == [row.failed_count for row in rows]


def test_an_input_that_failed_is_told_with_its_reason(command, exported, documents, tmp_path):
    failed = {
        **documents[0],
        "status": "error",
        "score": None,
        "error": {"code": "truncated", "message": "x"},
    }
    lines = write_lines(tmp_path / "some.jsonl", [failed, *documents[1:]])
    code, _, _ = command(*exported.arguments("--predictions", lines, "--output-dir", "out"))
    assert 4 == code
    (failure,) = cells_in("out")["bolt"].report.failures
    assert ("test", "truncated") == (failure.role, failure.error.code)


def test_a_category_without_lines_fails_alone(command, exported, documents, tmp_path):
    lines = write_lines(tmp_path / "some.jsonl", [each for each in documents if each["category"] == "nut"])
    code, _, err = command(*exported.arguments("--predictions", lines, "--output-dir", "out"))
    assert 2 == code
    assert "no prediction is of a test image" in err
    assert {"bolt": "failed", "nut": "ok"} == {name: cell.status for name, cell in cells_in("out").items()}


def test_another_seed_than_that_of_training_is_refused(command, exported):
    arguments = [str(each) for each in exported.arguments("--predictions", exported.lines)]
    arguments[arguments.index("--seed") + 1] = "4"
    code, _, err = command(*arguments, "--output-dir", "out")
    assert 64 == code
    assert "trained with --seed 3 and saw" in err
    assert "leakage=allow" in err
    assert {"failed"} == {cell.status for cell in cells_in("out").values()}


def test_known_images_are_measured_where_that_is_allowed(command, exported):
    arguments = [str(each) for each in exported.arguments("--predictions", exported.lines)]
    arguments[arguments.index("--seed") + 1] = "4"
    code, out, _ = command(*arguments, "--set", "dataset.split_policy.leakage=allow")
    assert 4 == code  # the lines are of other test images
    assert "trained with --seed 3 and saw" in out


def test_lines_of_another_threshold_are_told_of(command, exported, documents, tmp_path):
    lines = write_lines(tmp_path / "other.jsonl", [{**each, "threshold": 77.5} for each in documents])
    code, out, _ = command(*exported.arguments("--predictions", lines))
    assert 0 == code
    assert "the lines were judged at 77.5" in out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--category", "gear"), "'gear' is none of 'bolt', 'nut'"),
        (("--detector", "padim"), "--detector: the artifact has its own"),
        (("--label", "a\nb"), "--label must have 1 to 80 characters"),
        (("--backbone", "resnet18"), "$.model: the artifact decides that"),
        (("--resize", "64", "64"), "$.dataset.resize: the artifact decides that"),
        (("--set", "threshold.method=mad"), "$.threshold: the artifact decides that"),
        (("--seed", "9"), "one data set under one seed"),
        (("--output-dir", "full"), "full holds other files"),
    ],
)
def test_what_can_not_be_followed_is_one_line(command, exported, more, told):
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    code, out, err = command(*exported.arguments("--predictions", exported.lines, *more))
    assert (64, "") == (code, out)
    assert told in err
    assert 1 == len(err.splitlines())


def test_without_an_artifact_there_is_nothing_to_measure(command):
    assert (64, "", "Error: give --infer-config FILE, the artifact to measure\n") == command(
        "--dataset", "demo"
    )


def test_without_the_program_its_package_is_named_and_nothing_is_written(
    command, exported, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = command(*exported.arguments("--output-dir", "out"))
    assert 64 == code
    assert "pip install pyimgano-infer" in err
    assert not Path("out").exists()


def test_an_artifact_that_is_no_config_is_not_trusted(command, exported, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    code, _, err = command("--infer-config", "other.json", "--manifest-path", exported.manifest)
    assert 5 == code
    assert "other.json" in err
