import json

import pytest

from pyimgano_bench.commands.report import command
from pyimgano_core.artifacts import write_artifact
from pyimgano_core.cli.app import run

MVTEC = {"suite": {"datasets": [{"label": "d", "dataset": {"name": "mvtec"}}]}}


@pytest.fixture
def report(capfd):
    """Run the command; returns exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


@pytest.fixture
def folder(make_cell, make_results, tmp_path):
    results = make_results(make_cell("a", 0.9, "bottle"), settings=MVTEC)
    write_artifact(tmp_path / "results.json", results)
    return tmp_path


def test_all_forms_are_written_anew_and_nothing_else_is_touched(report, folder):
    before = (folder / "results.json").read_bytes()
    code, out, err = report(folder)
    assert (0, "") == (code, err)
    assert ["bottle", "a", "0.9000"] == out.splitlines()[1].split()[:3]
    assert f"results: {folder}" == out.splitlines()[-1]
    assert {"results.csv", "results.json", "results.md", "leaderboard.html"} == {
        p.name for p in folder.iterdir()
    }
    assert before == (folder / "results.json").read_bytes()


def test_json_is_the_document(report, folder):
    _, out, _ = report(folder, "--json")
    assert json.loads((folder / "results.json").read_text()) == json.loads(out)


def test_references_are_shown_on_demand(report, folder):
    assert "Published by others" not in report(folder)[1]
    assert "Published by others, d: in per cent" in report(folder, "--references")[1]


def test_a_folder_without_results_is_refused(report, tmp_path):
    code, out, err = report(tmp_path)
    assert (5, "") == (code, out)
    assert "results.json" in err
