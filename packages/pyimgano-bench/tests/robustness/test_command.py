import csv
import json
from xml.etree import ElementTree as ET

import pytest

from pyimgano_bench.commands.robustness import command
from pyimgano_core.cli.app import run

QUICK = ("--detector", "subspace", "--backbone", "filters", "--resize", "32", "32", "--device", "cpu")
KIND = ("--kind", "jpeg")


@pytest.fixture
def robustness(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        return int(caught.value.code), *capfd.readouterr()

    return call


def test_a_study_leaves_its_results_in_every_form_and_is_not_run_twice(robustness, manifest, tmp_path):
    arguments = ("--manifest-path", manifest, *QUICK, *KIND, "--seed", 0, "--seed", 1, "--output-dir", "out")
    code, out, err = robustness(*arguments)
    assert (0, "") == (code, err)
    assert out.splitlines()[1].startswith("jpeg")
    assert out.endswith("results: out\n")
    document = json.loads((tmp_path / "out" / "robustness.json").read_text())
    assert ("pyimgano.bench_robustness", None) == (document["kind"], document["trial"])
    assert 2 * 2 * 6 == len(document["rows"])
    assert [(0, ["bolt", "nut"], 4)] == [
        (line["severity"], line["categories"], line["cell_count"])
        for line in document["summary"]
        if line["kind"] == "clean"
    ]
    with (tmp_path / "out" / "robustness.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [str(row["auroc"]) for row in document["rows"]] == [row["auroc"] for row in rows]
    assert (tmp_path / "out" / "robustness.md").read_text().startswith("# Robustness")
    ET.parse(tmp_path / "out" / "robustness.svg")  # noqa: S314 - our own picture

    code, out, _ = robustness(*arguments, "--json")
    again = json.loads(out)
    assert (0, document["rows"], document["summary"]) == (code, again["rows"], again["summary"])
    assert "(4 of 4 cells were there before)" in robustness(*arguments)[1]


def test_a_failed_detector_is_told_and_leaves_the_others_their_numbers(robustness, one_category, tmp_path):
    suite = tmp_path / "suite.toml"
    entries = "".join(
        f'[[detectors]]\nlabel = "{label}"\nmodel = {{ name = "subspace", device = "{device}" }}\n'
        for label, device in (("good", "cpu"), ("bad", "cuda:99"))
    )
    path = json.dumps(str(one_category))
    suite.write_text(
        f'[defaults.dataset]\nresize = [32, 32]\n[defaults.model.features]\nbackbone = "filters"\n'
        f'{entries}[[datasets]]\nlabel = "parts"\n'
        f"dataset = {{ manifest_path = {path} }}\n"
    )
    code, out, err = robustness("--config", suite, *KIND, "--output-dir", "out")
    assert 4 == code
    assert "bad on parts/bolt, seed 0 failed" in err
    assert ["jpeg", "good"] == out.splitlines()[1].split()[:2]
    assert any("bad on parts/bolt, seed 0 failed: " in line for line in out.splitlines())


def test_errors_of_the_data_are_told_and_are_the_exit_code(robustness, maker):
    maker.add_category("bolt", train=0)
    code, out, err = robustness("--manifest-path", maker.write(), *QUICK, *KIND, "--output-dir", "out")
    assert (2, True) == (code, "no normal images to train on" in err)
    assert "subspace on parts/bolt, seed 0 failed: the data set has 1 error" in out


def test_a_trial_is_marked_in_all_outputs(robustness, one_category, tmp_path):
    code, out, _ = robustness(
        "--manifest-path", one_category, *QUICK, *KIND, "--limit", 2, "--output-dir", "o"
    )
    assert (0, True) == (code, "TRIAL: at most 2 test images" in out)
    for suffix in ("md", "svg"):
        assert "TRIAL: at most 2 test images" in (tmp_path / "o" / f"robustness.{suffix}").read_text()
    document = json.loads((tmp_path / "o" / "robustness.json").read_text())
    assert {2} == {document["trial"], *(row["trial"] for row in document["rows"])}
    with (tmp_path / "o" / "robustness.csv").open(newline="") as stream:
        assert {"2"} == {row["trial"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kind", "jpg"), "--kind 'jpg'"),
        (("--limit", "1"), "--limit"),
        (("--set", "model.nme=x"), "model.nme"),
    ],
)
def test_wrong_usage_is_told_in_a_line_before_anything_runs(robustness, one_category, arguments, message):
    code, out, err = robustness("--manifest-path", one_category, *QUICK, *arguments)
    assert (64, "") == (code, out)
    assert message in err


def test_without_data_it_says_what_to_give(robustness):
    code, _, err = robustness()
    assert (64, True) == (code, "say what to run" in err)
