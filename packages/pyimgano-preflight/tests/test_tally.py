"""What a report says of many issues is exact, however few of them it lists."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.preflight import reported
from pyimgano_preflight._tally import LISTED_PER_CODE, tally_issues
from pyimgano_preflight.rules import rule_issue

KINDS = st.tuples(st.sampled_from(["PF301", "PF302"]), st.sampled_from(Severity), st.booleans())
RUNS = st.lists(st.tuples(KINDS, st.integers(1, 120)), max_size=5)


def issues_of(runs):
    numbered = [(kind, number) for kind, count in runs for number in range(count)]
    return [
        evolve(reported(rule_issue(code, f"{code} {number}", severity=severity)), known=known)
        for (code, severity, known), number in sorted(numbered, key=lambda pair: pair[0][0])
    ]


@given(RUNS)
def test_counts_are_exact_and_the_first_of_each_code_are_listed_new_ones_before_known_ones(runs):
    issues = issues_of(runs)
    tally = tally_issues(iter(issues))
    by_code = {code: sum(issue.code == code for issue in issues) for code in ("PF301", "PF302")}
    cut = {code: count for code, count in by_code.items() if count > LISTED_PER_CODE}
    expected = [
        issue
        for code in ("PF301", "PF302")
        for issue in sorted((i for i in issues if i.code == code), key=lambda i: i.known)[:LISTED_PER_CODE]
    ]
    notes = [issue for issue in tally.listed if issue.code == "PF903"]
    assert [*expected, *notes] == list(tally.listed)
    assert cut == {note.data["code"]: note.data["count"] for note in notes}
    told = [*issues, *notes]
    assert {issue.code: sum(i.code == issue.code for i in told) for issue in told} == tally.by_code()
    for known in (False, True):
        counts = {s.value: sum(i.severity is s and i.known is known for i in told) for s in Severity}
        assert counts == tally.by_severity(known=known)


def test_a_listed_issue_names_its_first_paths():
    (issue,) = tally_issues([reported(rule_issue("PF601", "x", paths=("a.png",) * 30))]).listed
    assert 20 == len(issue.paths)
