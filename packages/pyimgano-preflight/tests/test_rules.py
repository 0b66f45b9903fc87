from __future__ import annotations

import re
from pathlib import Path

import pyimgano_core
from pyimgano_core.contracts.issue import Severity
from pyimgano_preflight import find_rule, load_rules
from pyimgano_preflight.rules import rule_issue

NAMED_IN_CORE = re.compile(r"\"(PF\d{3})\": \"([A-Z_]+)\"|code=\"(PF\d{3})\",\s+name=\"([A-Z_]+)\"")


def names_in_core():
    for source in Path(pyimgano_core.__file__).parent.rglob("*.py"):
        for found in NAMED_IN_CORE.findall(source.read_text(encoding="utf-8")):
            yield tuple(part for part in found if part)


def test_every_code_that_core_gives_has_a_rule_of_that_name():
    known = {(rule.code, name) for rule in load_rules() for name in (rule.name, *rule.other_names)}
    found = set(names_in_core())
    assert len(found) > 20
    assert found - known == set()


def test_rules_stand_in_the_order_of_their_codes_and_each_once():
    codes = [rule.code for rule in load_rules()]
    assert codes == sorted(set(codes))


def test_every_name_means_one_rule():
    names = [name for rule in load_rules() for name in (rule.name, *rule.other_names)]
    assert len(names) == len(set(names))


def test_every_rule_says_what_it_means_and_what_to_do_in_sentences():
    for rule in load_rules():
        for text in (rule.meaning, rule.why, rule.remedy):
            assert re.fullmatch(r"[A-Z].*\.", text), rule.code
        assert rule.example, rule.code


def test_a_rule_is_found_by_code_and_by_name_in_any_case():
    assert find_rule("pf302") == find_rule("IMAGE_TRUNCATED")
    assert find_rule("dataset_root_missing").code == "PF711"
    assert find_rule("MANIFEST_NOT_READABLE").code == "PF101"
    assert find_rule("STORAGE_ERROR").code == "PF901"
    assert find_rule("PF999") is None


def test_an_issue_takes_name_and_severity_from_its_rule():
    issue = rule_issue("PF302", "ends early")
    assert (issue.name, issue.severity) == ("IMAGE_TRUNCATED", Severity.ERROR)
