"""SARIF as code hosts accept it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from attrs import evolve

from pyimgano_core.contracts.issue import Location
from pyimgano_core.contracts.preflight import reported
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._report import build_report
from pyimgano_preflight.outputs import sarif
from pyimgano_preflight.outputs.sarif import MOST_RESULTS, render_sarif
from pyimgano_preflight.rules import load_rules, rule_issue

# The official schema, as the npm package @microsoft/jest-sarif 1.0.0-beta.0 (MIT) brings it.
SCHEMA = json.loads((Path(__file__).parent / "data/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
jsonschema = pytest.importorskip("jsonschema")
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def rendered(issues, **report):
    arranged = IssueLog(issues)
    return json.loads(render_sarif(build_report(arranged, **report), arranged))


def results(log):
    return log["runs"][0]["results"]


def uri(location):
    return location["physicalLocation"]["artifactLocation"]["uri"]


@pytest.fixture
def log(cli, dataset, monkeypatch):
    """Return the log of a check of the spoilt set, run in its folder."""

    def check(*arguments, code=None):
        dataset.save()
        monkeypatch.chdir(dataset.folder)
        result = cli("check", *(arguments or ("manifest.jsonl",)), "--format", "sarif")
        assert code is None or code == result.code
        VALIDATOR.validate(result.document)
        return result.document

    return check


def test_the_schema_refuses_what_is_wrong():
    wrong = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": 3}]}]}
    assert not VALIDATOR.is_valid(wrong)


def test_a_result_stands_at_the_line_of_the_manifest_and_names_the_image(log, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    (found,) = (result for result in results(log()) if result["ruleId"] == "PF301")
    (place,) = found["locations"]
    assert ("manifest.jsonl", {"startLine": 3}) == (uri(place), place["physicalLocation"]["region"])
    assert ["train/2.png"] == [uri(place) for place in found["relatedLocations"]]
    assert "error" == found["level"]


def test_all_rules_are_described_and_referred_to_by_their_place(log, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    document = log()
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert [rule.code for rule in load_rules()] == [rule["id"] for rule in rules]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results(document))


def test_fingerprints_survive_when_lines_move(log, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    first = {json.dumps(result["partialFingerprints"]) for result in results(log())}
    dataset.rows.reverse()
    assert first == {json.dumps(result["partialFingerprints"]) for result in results(log())}


def test_without_a_manifest_a_result_stands_at_the_image(cli, tree, monkeypatch):
    (tree.folder / "part/train/good/2.png").write_text("text")
    monkeypatch.chdir(tree.folder.parent)
    document = cli("check", "tree", "--format", "sarif").document
    VALIDATOR.validate(document)
    (found,) = (result for result in results(document) if result["ruleId"] == "PF301")
    assert ["tree/part/train/good/2.png"] == [uri(place) for place in found["locations"]]


def test_a_result_about_all_of_the_data_has_a_place_too(log):
    document = log("manifest.jsonl", "--set", "threshold.alpha=0.01")
    (found,) = (result for result in results(document) if result["ruleId"] == "PF710")
    assert ["manifest.jsonl"] == [uri(place) for place in found["locations"]]


def test_a_failure_to_begin_is_a_log_too(log):
    document = log("--config", "none.toml", code=64)
    assert ["PF905"] == [result["ruleId"] for result in results(document)]
    assert document["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_paths_outside_the_folder_are_file_uris(cli, dataset, tmp_path, monkeypatch):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for source in (dataset.manifest, os.path.relpath(dataset.manifest)):
        document = cli("check", source, "--format", "sarif").document
        (found,) = (result for result in results(document) if result["ruleId"] == "PF301")
        assert [dataset.manifest.as_uri()] == [uri(place) for place in found["locations"]]


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode, and a: is a drive there")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("a b%.png", "a%20b%25.png"), ("ü\udcff.png", "%C3%BC%FF.png"), ("a:b.png", "a%3Ab.png")],
)
def test_any_file_name_becomes_a_uri(name, expected):
    log = rendered([rule_issue("PF301", f"{name}: broken", paths=(name,))])
    VALIDATOR.validate(log)
    assert expected == uri(results(log)[0]["relatedLocations"][0])


def test_severities_become_levels_and_known_results_are_suppressed():
    issues = [reported(rule_issue("PF301", "x", paths=(path,))) for path in "ab"]
    issues[0] = evolve(issues[0], known=True)
    log = json.loads(render_sarif(build_report(issues), issues))
    VALIDATOR.validate(log)
    told = {result["baselineState"]: result.get("suppressions") for result in results(log)}
    assert {"new", "unchanged"} == set(told)
    assert told["new"] is None
    assert ["external"] == [suppression["kind"] for suppression in told["unchanged"]]
    levels = {result["level"] for result in results(rendered([rule_issue("PF902", "x")]))}
    assert {"note"} == levels


def test_what_was_not_applied_is_a_notification(log):
    notes = log("manifest.jsonl", "--profile", "quick")["runs"][0]["invocations"][0][
        "toolExecutionNotifications"
    ]
    texts = [note["message"]["text"] for note in notes]
    assert any(text.startswith("not applied, needs the profile deep: PF4") for text in texts)


def test_more_results_than_a_host_takes_are_cut_with_a_note_and_errors_are_kept(monkeypatch):
    assert MOST_RESULTS == 25_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    issues = [rule_issue("PF303", "x", location=Location(line=n)) for n in range(9)]
    log = rendered([*issues, rule_issue("PF401", "x")])
    assert ["PF401", "PF303", "PF303"] == [result["ruleId"] for result in results(log)]
    notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert ["7 more results were found than the 3 that a code host takes"] == [
        note["message"]["text"] for note in notes
    ]
