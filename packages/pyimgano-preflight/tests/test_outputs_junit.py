"""JUnit XML as CI servers read it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from pyimgano_core.contracts.preflight import CheckState, reported
from pyimgano_preflight._report import build_report
from pyimgano_preflight.outputs.junit import render_junit
from pyimgano_preflight.rules import load_rules, rule_issue


def suite_of(issues, checks=()):
    found = [reported(issue) for issue in issues]
    return parsed(render_junit(build_report(found, checks=tuple(checks)), found))


def parsed(text):
    return ET.fromstring(text.encode()).find("testsuite")  # noqa: S314 - we wrote it ourselves


def cases(suite):
    return {(case.get("name"), case.get("classname")): [part.tag for part in case] for case in suite}


@pytest.mark.parametrize(
    ("code", "tags"),
    [("PF301", ["failure"]), ("PF303", ["failure"]), ("PF712", ["system-out"]), ("PF901", ["error"])],
)
def test_errors_and_warnings_fail_and_information_passes_and_failed_storage_is_an_error(code, tags):
    assert [tags] == [*cases(suite_of([rule_issue(code, "x")])).values()]


def test_each_rule_is_a_case_for_each_category_where_it_found_something():
    issues = [rule_issue("PF301", "x", category=category) for category in ("b", "a", "a")]
    suite = suite_of([*issues, rule_issue("PF302", "x")])
    expected = [
        ("PF301 IMAGE_UNIDENTIFIED", "a"),
        ("PF301 IMAGE_UNIDENTIFIED", "b"),
        ("PF302 IMAGE_TRUNCATED", "data set"),
    ]
    assert expected == [*cases(suite)]
    assert "2 found, such as: x" == suite[0][0].get("message")


def test_a_silent_rule_passes_and_one_that_was_not_applied_is_skipped():
    checks = [CheckState(code="PF301", state="done"), CheckState(code="PF403", state="skipped", reason="why")]
    suite = suite_of([], checks)
    assert [[], ["skipped"]] == [*cases(suite).values()]
    assert "why" == suite[1][0].get("message")


def test_known_faults_pass():
    issue = evolve(reported(rule_issue("PF301", "x")), known=True)
    suite = parsed(render_junit(build_report([issue]), [issue]))
    assert [["system-out"]] == [*cases(suite).values()]


def test_many_faults_are_cut():
    text = suite_of([rule_issue("PF301", f"file {n}") for n in range(50)])[0][0].text
    assert 21 == len(text.splitlines())
    assert text.endswith("… and 30 more")


@pytest.mark.parametrize("name", ["<&>\"'", "a\x00b", "a\x1b[31m", "line\nend", "n\udcffn", "￾", "日本"])
def test_any_file_name_gives_sound_xml(name):
    suite = suite_of([rule_issue("PF301", f"{name}: broken", category=name)])
    assert 1 == len(suite)
    assert "\x1b" not in suite[0][0].get("message")


def test_the_counts_are_those_of_the_cases(cli, dataset):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    result = cli("check", dataset.manifest, "--format", "junit")
    suite = parsed(result.stdout)
    assert 2 == result.code
    assert len(suite) == int(suite.get("tests"))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert len(suite.findall(f"testcase/{tag}")) == int(suite.get(attribute))
    assert {rule.code for rule in load_rules() if rule.code < "PF9"} == {
        case.get("name").partition(" ")[0] for case in suite if case.get("name") < "PF9"
    }


def test_a_failure_to_begin_is_an_error(cli):
    suite = parsed(cli("check", "--config", "none.toml", "--format", "junit").stdout)
    assert [["error"]] == [*cases(suite).values()]
