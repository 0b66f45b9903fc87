"""Workflow commands and the step summary of GitHub."""

from __future__ import annotations

import re
import sys

import pytest

from pyimgano_core.contracts.issue import Location, Severity
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._report import build_report
from pyimgano_preflight.outputs.github import render_commands, render_summary
from pyimgano_preflight.rules import load_rules, rule_issue

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def commands(issues):
    arranged = IssueLog(issues, manifest="manifest.jsonl")
    lines = render_commands(build_report(arranged), arranged).splitlines()
    return [match.groups() for line in lines if (match := COMMAND.fullmatch(line))]


def summary(issues, **report):
    arranged = IssueLog(issues, manifest="manifest.jsonl")
    return render_summary(build_report(arranged, **report), arranged)


def test_there_is_one_annotation_per_code_with_its_count_at_the_first_line():
    issues = [rule_issue("PF301", f"{n}.png: broken", location=Location(line=n)) for n in (7, 3, 5)]
    expected = "file=manifest.jsonl,line=3,title=PF301 IMAGE_UNIDENTIFIED"
    assert [("error", expected, "3 found, such as: 3.png: broken")] == commands(issues)


def test_severities_become_kinds_with_the_errors_first():
    found = commands([rule_issue(code, "x") for code in ("PF303", "PF401", "PF902")])
    assert ["error", "warning", "notice"] == [kind for kind, _, _ in found]


def test_a_step_shows_ten_of_each_kind():
    codes = [rule.code for rule in load_rules() if rule.severity is Severity.ERROR]
    assert len(codes) > 10
    assert codes[:10] == [title[6:11] for _, title, _ in commands([rule_issue(code, "x") for code in codes])]


@pytest.mark.parametrize(
    ("message", "expected"),
    [("100%\n::error::x", "100%25\\n::error::x"), ("a\r\nb", "a\\r\\nb"), ("a\x1b[2J", "a\\x1b[2J")],
)
def test_a_file_name_can_not_give_commands(message, expected):
    ((_, _, text),) = commands([rule_issue("PF301", message)])
    assert expected == text


@pytest.mark.skipif(sys.platform == "win32", reason="a: is a drive there")
def test_a_file_name_can_not_end_a_property():
    issue = rule_issue("PF301", "x", location=Location(manifest="a:b,c%.jsonl", line=1))
    assert "file=a%3Ab%2Cc%25.jsonl,line=1,title=PF301 IMAGE_UNIDENTIFIED" == commands([issue])[0][1]


def test_the_summary_is_a_table_that_file_names_can_not_break():
    lines = summary([rule_issue("PF301", "a|b<img>`c`\n# head")]).splitlines()
    row = next(line for line in lines if "PF301" in line)
    assert 7 == len(re.findall(r"(?<!\\)\|", row))
    assert "<img" not in row
    assert not any(line.startswith("# ") for line in lines)


def test_the_summary_is_added_to_what_the_step_has(cli, dataset, tmp_path, monkeypatch):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    target = tmp_path / "summary.md"
    target.write_text("earlier\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    monkeypatch.chdir(dataset.folder)
    result = cli("check", "manifest.jsonl", "--format", "github")
    assert 2 == result.code
    assert "::error file=manifest.jsonl,line=3,title=PF301 IMAGE_UNIDENTIFIED::" in result.stdout
    text = target.read_text(encoding="utf-8")
    assert text.startswith("earlier\n## Preflight\n")
    assert "| part | 20 | 4 | 8 | 4 | 4 | on |" in text
    assert "not checked in the profile standard: " in text


def test_the_summary_is_for_this_format_only(cli, dataset, tmp_path, monkeypatch):
    dataset.save()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    cli("check", dataset.manifest)
    assert not (tmp_path / "summary.md").exists()
