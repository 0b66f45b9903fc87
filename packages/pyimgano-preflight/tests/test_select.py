"""Rules are chosen by code, prefix or name, and their severities changed."""

from __future__ import annotations

import pytest

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.errors import ConfigError, UsageError
from pyimgano_core.progress import SilentProgress
from pyimgano_preflight import runner
from pyimgano_preflight._select import (
    ALWAYS_TOLD,
    RuleSettings,
    Selection,
    apply_selection,
    make_selection,
    read_rule_settings,
)
from pyimgano_preflight.checks import CHECKS
from pyimgano_preflight.facts import FactStore
from pyimgano_preflight.rules import load_rules, rule_issue
from pyimgano_preflight.runner import CheckSettings, check_dataset

SELECTABLE = {rule.code for rule in load_rules()} - ALWAYS_TOLD


def told(**settings):
    return SELECTABLE - make_selection(RuleSettings(**settings)).ignored


def test_without_settings_every_rule_counts_as_usual():
    assert Selection() == make_selection(RuleSettings())


@pytest.mark.parametrize("text", ["PF302", "pf302", " PF302 ", "IMAGE_TRUNCATED", "image_truncated"])
def test_a_rule_is_selected_by_code_and_by_name_in_any_case(text):
    assert {"PF302"} == told(select=(text,))


def test_a_prefix_means_all_codes_that_begin_with_it():
    assert {code for code in SELECTABLE if code.startswith("PF3")} == told(select=("PF3",))
    assert {code for code in SELECTABLE if code.startswith("PF30")} == told(select=("PF30",))
    assert SELECTABLE == told(select=("PF",))


def test_a_whole_code_is_no_prefix():
    assert {"PF101"} == told(select=("PF101",))


def test_another_name_of_a_rule_means_the_rule():
    assert {"PF711"} == told(select=("DATASET_ROOT_MISSING",))


def test_ignoring_beats_selecting():
    assert {"PF301"} == told(select=("PF301", "PF302"), ignore=("PF302",))
    assert "PF302" not in told(ignore=("PF302",))


@pytest.mark.parametrize(
    ("text", "suggestion"), [("IMAGE_TRUNCATE", "IMAGE_TRUNCATED"), ("PF3021", "PF302"), ("PF0", None)]
)
def test_an_unknown_rule_is_refused_with_the_nearest(text, suggestion):
    with pytest.raises(UsageError, match=f"did you mean {suggestion}" if suggestion else "no rule 'PF0'"):
        make_selection(RuleSettings(select=(text,)))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("PF902", "PF902 tells of the check itself"),
        ("STORAGE_ERROR", "PF901 tells of the check itself"),
        ("PF9", "PF901 to PF905 tell of the check itself; name the others: PF906, PF907, PF908"),
        ("PF", "PF901 to PF905 tell of the check itself"),
    ],
)
@pytest.mark.parametrize("how", ["ignored", "changed"])
def test_what_is_said_of_the_check_itself_can_not_be_silenced(text, kept, how):
    settings = {"ignored": {"ignore": (text,)}, "changed": {"severity": {text: Severity.INFO}}}[how]
    with pytest.raises(UsageError) as caught:
        make_selection(RuleSettings(**settings))
    assert f"{text!r} can't be {how}: {kept}" == str(caught.value)


def test_selecting_what_is_told_always_is_refused():
    with pytest.raises(UsageError, match="'PF902' can't be selected: PF902 tells"):
        make_selection(RuleSettings(select=("PF3", "PF902")))


def test_the_severity_of_the_narrower_prefix_counts():
    severity = {"PF305": Severity.ERROR, "PF3": Severity.INFO, "PF30": Severity.WARNING}
    severities = make_selection(RuleSettings(severity=severity)).severities
    found = [severities[code] for code in ("PF305", "PF304", "PF311")]
    assert [Severity.ERROR, Severity.WARNING, Severity.INFO] == found


def test_selecting_leaves_what_is_said_of_the_check_itself():
    assert {"PF906", "PF907", "PF908"} == told(select=("PF9",))
    assert set() == SELECTABLE - told(select=("PF",))
    selection = make_selection(RuleSettings(select=("PF1",)))
    issue = rule_issue("PF902", "interrupted")
    assert [issue] == [*apply_selection([issue], selection)]


def test_issues_take_the_severity_that_is_set_and_ignored_ones_are_dropped():
    settings = RuleSettings(ignore=("PF303",), severity={"PF30": Severity.INFO, "PF401": Severity.WARNING})
    issues = [rule_issue(code, "x") for code in ("PF301", "PF303", "PF401", "PF501")]
    found = [(issue.code, issue.severity) for issue in apply_selection(issues, make_selection(settings))]
    expected = [("PF301", Severity.INFO), ("PF401", Severity.WARNING), ("PF501", Severity.ERROR)]
    assert expected == found


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_option_that_names_no_rule_is_refused(cli, dataset, option):
    dataset.save()
    result = cli("check", dataset.manifest, option, " , ")
    assert (64, "") == (result.code, result.stdout)
    assert f"{option} '' names no rule" in result.stderr


def test_a_check_of_which_no_rule_is_selected_is_not_run(dataset, monkeypatch):
    dataset.save()
    ran = []

    def spied(check):
        def run(inspection):
            ran.append(check.run.__name__)
            return check.run(inspection)

        return check._replace(run=run)

    monkeypatch.setattr(runner, "CHECKS", tuple(map(spied, CHECKS)))
    settings = CheckSettings(selection=make_selection(RuleSettings(select=("PF306", "PF60"))))
    facts = FactStore("quick", SilentProgress())
    check_dataset(dataset.config(), dataset.folder, SilentProgress(), facts, settings)
    always = {"dataset_issues", "file_issues", "mask_issues"}
    wanted = {
        "header_outlier_issues",
        "near_duplicate_issues",
        "group_partial_issues",
        "time_adjacent_issues",
    }
    assert always | wanted == set(ran)


def test_settings_come_from_a_file(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text('select = ["PF3"]\nignore = ["PF303"]\n[severity]\nPF305 = "error"\n')
    expected = RuleSettings(select=("PF3",), ignore=("PF303",), severity={"PF305": Severity.ERROR})
    assert expected == read_rule_settings(path)


@pytest.mark.parametrize("text", ['selct = ["PF3"]', '[severity]\nPF305 = "fatal"', 'select = "PF3"', "["])
def test_a_wrong_file_of_settings_is_a_config_error(tmp_path, text):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"rules\.toml"):
        read_rule_settings(path)


def test_the_command_line_selects_instead_of_the_file_and_ignores_as_well(cli, dataset, tmp_path):
    (dataset.folder / "train/2.png").write_text("text")
    (dataset.folder / "masks/1.png").unlink()
    dataset.save()
    rules = tmp_path / "rules.toml"
    rules.write_text('select = ["PF5"]\nignore = ["PF502"]\n[severity]\nPF501 = "warning"\n')

    def found(*arguments):
        return cli("check", dataset.manifest, "--json", *arguments).document["preflight"]["summary"][
            "by_code"
        ]

    assert {"PF501": 1} == found("--rules", rules)
    assert {"PF301": 1} == found("--rules", rules, "--select", "PF301,PF502")
    assert {} == found("--rules", rules, "--ignore", "PF501")
    assert cli("check", dataset.manifest, "--rules", rules).code == 0
    assert cli("check", dataset.manifest, "--rules", rules, "--strict").code == 3
