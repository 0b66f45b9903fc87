import json

import pytest

from pyimgano_bench.cli import benchmark
from pyimgano_core.cli.app import run

SUITE = """
[defaults.model.features]
backbone = "filters"
[[detectors]]
label = "p"
model = {{ name = "{detector}" }}
[[datasets]]
label = "parts"
dataset = {{ manifest_path = "parts.jsonl" }}
"""


@pytest.fixture
def command(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(benchmark, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(caught.value.code), out, err

    return call


def write_suite(folder, detector):
    path = folder / "suite.toml"
    path.write_text(SUITE.format(detector=detector), encoding="utf-8")
    return path


def test_the_shipped_suites_are_listed(command):
    code, out, err = command("--list")
    assert (0, "") == (code, err)
    names = [line.split()[0] for line in out.splitlines()[1:]]
    _, out, _ = command("--list", "--json")
    assert names == [suite["name"] for suite in json.loads(out)["suites"]]


def test_a_sound_suite_is_told_cell_by_cell_and_nothing_runs(command, manifest, tmp_path):
    code, out, err = command("--config", write_suite(manifest.parent, "padim"), "--validate", "--seed", 1)
    assert (0, "") == (code, err)
    assert "parts: bolt, nut" in out
    assert "2 cells" in out
    assert ["data"] == [path.name for path in tmp_path.iterdir()]


def test_all_faults_of_a_suite_are_told(command, manifest):
    arguments = ("--config", write_suite(manifest.parent, "padimm"), "--validate", "--category", "bolts")
    code, out, err = command(*arguments)
    assert (64, "") == (code, out)
    assert "2 of the suite's settings" in err
    assert "padimm" in err
    assert "'bolts' is none of 'bolt', 'nut'" in err
    code, out, err = command(*arguments, "--json")
    assert (64, "") == (code, err)
    document = json.loads(out)
    assert (False, 2) == (document["valid"], len(document["faults"]))


def test_options_before_a_subcommand_are_refused(command):
    code, _, err = command("--limit", 3, "robustness")
    assert 64 == code
    assert "--limit stands before 'robustness'" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fail-if-worse-than", "data"), "data has no results.json"),
        (("--fail-if-worse-than", "data", "--limit", 4), "--limit makes a trial"),
        (("--fail-if-worse-than", "data", "--output-dir", "data"), "that is where the results go"),
        (("--fail-if-worse-than", "data", "--margin", 1), "--margin"),
    ],
)
def test_a_gate_that_can_not_be_asked_is_refused_before_anything_runs(
    command, manifest, tmp_path, arguments, message
):
    code, out, err = command("--config", write_suite(manifest.parent, "padim"), *arguments)
    assert (64, "") == (code, out)
    assert message in err
    assert ["data"] == [path.name for path in tmp_path.iterdir()]
