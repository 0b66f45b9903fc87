"""The log of issues: what goes in comes out in order, and memory does not grow with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.issue import Issue, Location, Severity
from pyimgano_core.contracts.preflight import fingerprint, reported
from pyimgano_core.errors import MachineError
from pyimgano_preflight._baseline import mark_known
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._select import Selection
from pyimgano_preflight.rules import rule_issue

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"), max_size=5)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda parts: st.lists(parts, max_size=2) | st.dictionaries(TEXT, parts, max_size=2),
    max_leaves=3,
)
ISSUES = st.builds(
    Issue,
    code=st.sampled_from(["PF106", "PF201", "PF301"]),
    name=TEXT,
    severity=st.sampled_from(Severity),
    message=TEXT,
    location=st.none()
    | st.builds(
        Location, manifest=st.none() | TEXT, line=st.none() | st.integers(0, 3), field=st.none() | TEXT
    ),
    paths=st.lists(st.sampled_from("ab"), max_size=2).map(tuple),
    category=st.none() | st.sampled_from("pq"),
    split=st.none() | TEXT,
    data=st.dictionaries(TEXT, PLAIN, max_size=2),
)


def position(issue):
    return issue.code, (issue.location.line or 0) if issue.location else 0


@given(st.lists(ISSUES, max_size=8), st.dictionaries(st.integers(0, 7), st.integers(0, 2)))
def test_all_come_out_as_they_went_in_sorted_and_marked(issues, counts):
    known = {fingerprint(issues[n]): count for n, count in counts.items() if n < len(issues)}
    log = IssueLog(issues, known=known)
    expected = list(mark_known(map(reported, sorted(issues, key=position)), known))
    assert expected == list(log)
    assert expected == list(log)


def broken(number, code="PF301"):
    return rule_issue(code, f"{number}.png: broken", location=Location(line=number), paths=(f"{number}.png",))


def test_rules_that_are_not_selected_are_left_out_and_others_weigh_as_they_are_told_to():
    selection = Selection(ignored=frozenset({"PF301"}), severities={"PF302": Severity.INFO})
    log = IssueLog([broken(1), broken(2, "PF302")], selection=selection)
    assert [("PF302", Severity.INFO)] == [(issue.code, issue.severity) for issue in log]


def test_lines_belong_to_the_manifest():
    (issue,) = IssueLog([broken(7)], manifest="set/manifest.jsonl")
    assert Location(manifest="set/manifest.jsonl", line=7) == issue.location


def test_what_was_added_last_takes_its_place_among_the_others():
    log = IssueLog([broken(5), broken(1, "PF302")])
    log.extend([broken(3)])
    assert [("PF301", 3), ("PF301", 5), ("PF302", 1)] == [position(issue) for issue in log]


def test_an_interrupt_keeps_what_came_before_it():
    def search():
        yield broken(1)
        yield broken(2)
        raise KeyboardInterrupt

    log = IssueLog()
    with pytest.raises(KeyboardInterrupt):
        log.extend(search())
    log.extend([broken(3)])
    assert [1, 2, 3] == [issue.location.line for issue in log]


def test_two_readers_do_not_disturb_each_other():
    log = IssueLog(map(broken, range(5)))
    assert [*zip(log, log, strict=True)] == [(issue, issue) for issue in log]


PEAK = """
import sys
from pathlib import Path
from pyimgano_core.contracts.issue import Location
from pyimgano_preflight._issue_log import IssueLog
from pyimgano_preflight._report import build_report
from pyimgano_preflight.rules import rule_issue

def issues():
    for number in range(int(sys.argv[1])):
        path = f"images/{number}.png"
        yield rule_issue("PF201", f"{path}: not found", location=Location(line=number), paths=(path,))

log = IssueLog(issues(), manifest="manifest.jsonl")
assert build_report(log).summary["by_code"]["PF201"] == int(sys.argv[1])
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells a process's peak on Linux alone")
def test_memory_does_not_grow_with_the_number_of_faults():
    few, many = (
        int(subprocess.check_output([sys.executable, "-c", PEAK, str(count)])) / 1024
        for count in (10_000, 40_000)
    )
    assert many < few + 5  # MB; 30,000 issues are some 35 MB as objects


def test_a_full_disk_is_told_and_is_no_traceback():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = IssueLog()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(MachineError, match="folder for temporary files"):
            log.extend(map(broken, range(50_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
