import csv
import json
from xml.etree import ElementTree as ET

import pytest

from pyimgano_bench.commands.few_shot import command
from pyimgano_core.cli.app import run

QUICK = ("--detector", "subspace", "--backbone", "filters", "--resize", "32", "32", "--device", "cpu")


@pytest.fixture
def few_shot(capfd, tmp_path, monkeypatch):
    """Run the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            run(command, [str(argument) for argument in arguments])
        return int(caught.value.code), *capfd.readouterr()

    return call


def test_a_study_leaves_its_results_in_every_form(few_shot, one_category, tmp_path):
    arguments = ("--manifest-path", one_category, *QUICK, "--draws", 2, "--count", 4, "--count", 2)
    code, out, err = few_shot(*arguments, "--output-dir", "out")
    assert (0, "") == (code, err)
    assert [["subspace", "2", "2", "1"], ["subspace", "4", "2", "1"]] == [
        line.split()[:4] for line in out.splitlines()[1:3]
    ]
    document = json.loads((tmp_path / "out" / "few_shot.json").read_text())
    assert ("pyimgano.bench_few_shot", None) == (document["kind"], document["trial"])
    with (tmp_path / "out" / "few_shot.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [str(row["image_auroc"]) for row in document["rows"]] == [row["image_auroc"] for row in rows]
    assert 2 * 2 == len(rows)
    assert (tmp_path / "out" / "few_shot.md").read_text().startswith("# Few-shot")
    ET.parse(tmp_path / "out" / "few_shot.svg")  # noqa: S314 - our own picture

    code, out, _ = few_shot(*arguments, "--count", 1, "--output-dir", "out", "--json")
    again = json.loads(out)
    assert 0 == code
    assert document["rows"] == [row for row in again["rows"] if row["count"] > 1]
    assert {1, 2, 4} == {point["count"] for point in again["points"]}


def test_notes_say_what_the_numbers_lack(few_shot, maker):
    maker.add_category("bolt", train=3, masks=False)
    maker.add_category("nut", train=6, masks=False)
    arguments = ("--manifest-path", maker.write(), *QUICK, "--draws", 1, "--count", 1, "--count", 4)
    code, out, _ = few_shot(*arguments, "--output-dir", "out")
    assert 0 == code
    notes = [line for line in out.splitlines() if line.startswith("- ")]
    assert any(line.startswith("- 1 normal image: no threshold") for line in notes)
    assert any("parts/bolt: has fewer than 4 normal images to draw from" in line for line in notes)
    assert any("no pixel metrics" in line for line in notes)
    assert ["4", "1", "1"] == out.splitlines()[2].split()[1:4]  # of nut alone


def test_a_trial_is_marked_in_all_outputs(few_shot, one_category, tmp_path):
    arguments = ("--manifest-path", one_category, *QUICK, "--draws", 1, "--count", 1, "--limit", 2)
    code, out, _ = few_shot(*arguments, "--output-dir", "o")
    assert (0, True) == (code, "TRIAL: at most 2 test images" in out)
    for suffix in ("md", "svg"):
        assert "TRIAL: at most 2 test images" in (tmp_path / "o" / f"few_shot.{suffix}").read_text()
    document = json.loads((tmp_path / "o" / "few_shot.json").read_text())
    assert {2} == {document["trial"], *(row["trial"] for row in document["rows"])}


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--draws", "0"), ("--limit", "1")])
def test_wrong_usage_is_told_before_anything_runs(few_shot, one_category, arguments):
    code, out, err = few_shot("--manifest-path", one_category, *QUICK, *arguments)
    assert (64, "", True) == (code, out, arguments[0] in err)
