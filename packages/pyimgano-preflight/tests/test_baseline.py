"""Known faults do not fail a check; new ones do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.artifacts import read_artifact, to_json
from pyimgano_core.contracts.issue import Location
from pyimgano_core.contracts.preflight import fingerprint, reported
from pyimgano_core.errors import ArtifactError
from pyimgano_preflight._baseline import Baseline, mark_known, read_baseline, write_baseline
from pyimgano_preflight.rules import rule_issue


def issue(code="PF301", path="a.png", line=1, category="part"):
    return rule_issue(code, "x", location=Location(line=line), paths=(path,), category=category)


def test_a_fingerprint_stays_when_lines_and_messages_move():
    assert fingerprint(issue(line=1)) == fingerprint(issue(line=99))


@pytest.mark.parametrize("change", [{"code": "PF302"}, {"path": "b.png"}, {"category": "other"}])
def test_a_fingerprint_tells_faults_apart(change):
    assert fingerprint(issue()) != fingerprint(issue(**change))


def test_paths_are_not_run_together():
    first, second = (rule_issue("PF601", "x", paths=paths) for paths in (("a", "b"), ("ab",)))
    assert fingerprint(first) != fingerprint(second)


def test_a_path_that_is_no_text_has_a_fingerprint():
    assert fingerprint(issue(path="a\udcff.png")) != fingerprint(issue(path="a.png"))


@given(st.lists(st.sampled_from("abc")), st.dictionaries(st.sampled_from("abc"), st.integers(0, 3)))
def test_as_many_are_known_as_the_baseline_counts(paths, counts):
    issues = [reported(issue(path=path)) for path in paths]
    known = {fingerprint(issue(path=path)): count for path, count in counts.items()}
    marked = [*mark_known(issues, known)]
    assert [each.paths for each in issues] == [each.paths for each in marked]
    for path in "abc":
        expected = min(paths.count(path), counts.get(path, 0))
        assert expected == sum(each.known for each in marked if each.paths == (path,))


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(["PF301", "PF302", "PF902"]), st.sampled_from(["a", "b\u2028", "c\n"]))
    )
)
def test_what_was_written_is_known_when_read_in_any_order(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("baseline") / "known.json"
    issues = [reported(issue(code, name)) for code, name in found]
    write_baseline(path, issues)
    first = path.read_bytes()
    assert first == (to_json(read_artifact(path, Baseline), indent=2) + "\n").encode()
    marked = mark_known(issues, read_baseline(path))
    assert all(each.known is (each.code != "PF902") for each in marked)
    write_baseline(path, issues[::-1])
    assert first == path.read_bytes()


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "pyimgano.preflight_baseline"}', '{"kind": "x"}'])
def test_a_file_that_is_no_baseline_is_refused(tmp_path, text):
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=r"known\.json"):
        read_baseline(path)


def test_where_there_is_no_baseline_yet_it_is_said_what_makes_one(tmp_path):
    with pytest.raises(ArtifactError, match=r"known\.json: no such file; --write-baseline makes one$"):
        read_baseline(tmp_path / "known.json")


def test_a_check_fails_for_new_faults_only(cli, dataset, tmp_path):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    known = tmp_path / "known.json"
    assert cli("check", dataset.manifest, "--write-baseline", known).code == 2
    result = cli("check", dataset.manifest, "--baseline", known)
    assert result.code == 0
    assert "error PF301 IMAGE_UNIDENTIFIED: 1" in result.stdout
    assert "(known)" in result.stdout
    verdict = result.stdout.splitlines()[-1]
    assert verdict.startswith("0 errors, 0 warnings, and ")
    assert verdict.endswith(" known in 32 images: the known errors keep training from starting")
    (dataset.folder / "train/3.png").write_text("text")
    assert cli("check", dataset.manifest, "--baseline", known).code == 2


def test_the_report_counts_known_faults_and_its_status_does_not(cli, dataset, tmp_path):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.rows.reverse()
    dataset.save()
    known = tmp_path / "known.json"
    cli("check", dataset.manifest, "--write-baseline", known)
    dataset.rows.reverse()
    dataset.save()
    report = cli("check", dataset.manifest, "--baseline", known, "--json").document["preflight"]
    assert "error" != report["status"]
    assert {"PF301": 1} == {code: n for code, n in report["summary"]["by_code"].items() if code == "PF301"}
    assert 1 == report["summary"]["known_by_severity"]["error"]
    assert [True] == [each["known"] for each in report["issues"] if each["code"] == "PF301"]


def test_one_more_broken_line_than_the_baseline_knows_is_new(cli, dataset, tmp_path):
    dataset.extra = b"{broken\n"
    dataset.save()
    known = tmp_path / "known.json"
    cli("check", dataset.manifest, "--write-baseline", known)
    assert cli("check", dataset.manifest, "--baseline", known).code == 0
    dataset.extra = b"{broken\n{also broken\n"
    dataset.save()
    assert cli("check", dataset.manifest, "--baseline", known).code == 2


def test_a_baseline_is_for_people_to_read_too(cli, dataset, tmp_path):
    (dataset.folder / "train/2.png").write_text("text")
    dataset.save()
    cli("check", dataset.manifest, "--write-baseline", tmp_path / "known.json")
    entries = json.loads((tmp_path / "known.json").read_text())["issues"]
    expected = {"code": "PF301", "name": "IMAGE_UNIDENTIFIED", "paths": ["train/2.png"], "count": 1}
    assert expected.items() <= next(entry for entry in entries if entry["code"] == "PF301").items()


def test_a_list_of_known_faults_that_is_cut_trips_no_gate(cli, dataset, tmp_path):
    dataset.rows += [{"image_path": f"no/{n}.png", "category": "part", "split": "train"} for n in range(101)]
    dataset.save()
    known = tmp_path / "known.json"
    cli("check", dataset.manifest, "--write-baseline", known)
    result = cli("check", dataset.manifest, "--baseline", known, "--fail-on", "info", "--json")
    summary = result.document["preflight"]["summary"]
    assert (101, 1, 0) == (summary["by_code"]["PF201"], summary["by_code"]["PF903"], result.code)
