import os
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import SplitPolicy
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.contracts.split import CategorySplit, SplitResult
from pyimgano_core.duplicates import content_issues, fingerprint, hash_contents, path_issues
from pyimgano_core.progress import SilentProgress


def sample(path, *, category="bolt", mask=None, **fields):
    record = Record(image_path=str(path), category=category, **fields)
    return Sample(record=record, image=Path(path), mask=mask)


def hashed(*samples):
    return hash_contents(samples, SilentProgress())


def found(split, hashes, policy=None):
    issues = content_issues(SplitResult(categories=split), hashes, policy or SplitPolicy())
    return [(issue.code, issue.severity.value) for issue in issues]


def test_a_path_named_twice_is_an_error():
    samples = [sample("/d/a.png", line=1), sample("/d/b.png", line=2), sample("/d/x/../a.png", line=3)]
    (issue,) = path_issues(samples)
    assert (issue.code, issue.severity.value, issue.location.line) == ("PF111", "error", 1)
    assert "1, 3" in issue.message


@pytest.mark.parametrize("other", [{"split": "test"}, {"label": 1}, {"mask": Path("/d/m.png")}])
def test_a_path_named_twice_with_other_facts_is_a_conflict(other):
    (issue,) = path_issues([sample("/d/a.png"), sample("/d/a.png", **other)])
    assert (issue.code, issue.severity.value) == ("PF112", "error")


def test_two_categories_may_share_an_image():
    assert path_issues([sample("/d/a.png"), sample("/d/a.png", category="nut")]) == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_files_that_can_not_be_read_have_no_hash(tmp_path):
    good, copy, pipe = tmp_path / "good.png", tmp_path / "copy.png", tmp_path / "pipe.png"
    good.write_bytes(b"pixels")
    copy.write_bytes(b"pixels")
    os.mkfifo(pipe)
    hashes = hashed(sample(good, mask=copy), sample(pipe), sample(tmp_path), sample(tmp_path / "none"))
    assert {good, copy} == set(hashes)
    assert hashes[good] == hashes[copy]


A, B, C = (sample(f"/d/{name}.png") for name in "abc")
SAME = {A.image: "1", B.image: "1", C.image: "2"}


def test_different_contents_are_no_issue():
    assert found([CategorySplit(category="bolt", train=(A,), test=(C,))], SAME) == []


@pytest.mark.parametrize("roles", [{"train": (A, B)}, {"train": (A,), "calibration": (B,)}, {"test": (A, B)}])
def test_copies_on_one_side_are_a_warning(roles):
    assert found([CategorySplit(category="bolt", **roles)], SAME) == [("PF601", "warning")]


@pytest.mark.parametrize("role", ["train", "calibration"])
def test_a_copy_that_is_learnt_from_and_tested_is_an_error(role):
    split = [CategorySplit(category="bolt", **{role: (A,)}, test=(B,))]
    assert found(split, SAME) == [("PF602", "error")]
    assert found(split, SAME, SplitPolicy(leakage="allow")) == [("PF602", "warning")]


def test_a_copy_in_another_categorys_test_set_is_a_leak():
    split = [CategorySplit(category="bolt", train=(A,)), CategorySplit(category="nut", test=(B,))]
    assert found(split, SAME) == [("PF602", "error")]


def test_copies_with_two_labels_are_an_error():
    bad = evolve(B, record=evolve(B.record, label=1))
    assert found([CategorySplit(category="bolt", test=(A, bad))], SAME) == [("PF603", "error")]
    both = [("PF603", "error"), ("PF602", "error")]
    assert both == found([CategorySplit(category="bolt", train=(A,), test=(bad,))], SAME)


def test_a_fingerprint_counts_roles_and_missing_files():
    bad = sample("/d/bad.png", label=1, mask=Path("/d/mask.png"))
    split = CategorySplit(category="bolt", train=(A,), calibration=(B,), test=(C, bad))
    expected = {"train": 1, "calibration": 1, "test": 2, "test_anomalous": 1, "missing_files": 2}
    assert expected == fingerprint(split, SAME).counts


@given(st.permutations(range(5)), st.integers(0, 5))
def test_a_fingerprint_knows_no_order_and_no_paths(order, cut):
    here = [sample(f"/here/{i}.png", label=i % 2) for i in range(5)]
    there = [sample(f"/there/x{i}.png", label=i % 2, line=i) for i in range(5)]
    contents = {item.image: str(i) for items in (here, there) for i, item in enumerate(items)}
    first = CategorySplit(category="bolt", train=tuple(here[:cut]), test=tuple(here[cut:]))
    second = CategorySplit(
        category="bolt",
        train=tuple(there[i] for i in order if i < cut),
        test=tuple(there[i] for i in order if i >= cut),
    )
    assert fingerprint(first, contents) == fingerprint(second, contents)


def test_a_fingerprint_changes_with_pixels_masks_labels_roles_and_category():
    mask = Path("/d/mask.png")
    masked = evolve(A, mask=mask)
    hashes = {A.image: "1", mask: "2"}
    variants = [
        (CategorySplit(category="bolt", test=(A,)), hashes),
        (CategorySplit(category="bolt", test=(A,)), {A.image: "3"}),
        (CategorySplit(category="bolt", test=(A,)), {}),
        (CategorySplit(category="bolt", test=(masked,)), hashes),
        (CategorySplit(category="bolt", test=(masked,)), {A.image: "1", mask: "3"}),
        (CategorySplit(category="bolt", test=(evolve(A, record=evolve(A.record, label=1)),)), hashes),
        (CategorySplit(category="bolt", train=(A,)), hashes),
        (CategorySplit(category="bolt", test=(A, A)), hashes),
        (CategorySplit(category="nut", test=(A,)), hashes),
    ]
    digests = [fingerprint(split, contents).sha256 for split, contents in variants]
    assert len(variants) == len(set(digests))


def test_the_fingerprint_of_test_images_is_theirs_alone():
    first = CategorySplit(category="bolt", train=(A,), test=(C,))
    retrained, retested = evolve(first, train=()), evolve(first, test=(A,))
    expected = fingerprint(first, SAME).test_sha256
    assert expected == fingerprint(retrained, SAME).test_sha256
    assert expected != fingerprint(retested, SAME).test_sha256
    assert expected != fingerprint(first, {**SAME, C.image: "changed"}).test_sha256


def test_a_fingerprint_of_all_categories_is_that_of_the_whole():
    bolt, nut = CategorySplit(category="bolt", test=(A,)), CategorySplit(category="nut", test=(C,))
    forwards = fingerprint(SplitResult(categories=(bolt, nut)), SAME)
    assert forwards == fingerprint(SplitResult(categories=(nut, bolt)), SAME)
    assert forwards != fingerprint(bolt, SAME)
    assert forwards.counts["test"] == 2


def use(path, number, label=0):
    return sample(path, line=number, label=label)


def test_one_file_named_twice_is_a_repeated_path_and_no_copy_of_itself():
    tested = evolve(A, image=Path("/d/x/../a.png"), record=evolve(A.record, label=1, split="test"))
    split = [CategorySplit(category="bolt", train=(A,), test=(tested,))]
    assert ["PF112"] == [issue.code for issue in path_issues([A, tested])]
    assert [] == found(split, {**SAME, tested.image: "1"})


def test_a_leak_names_two_files_where_one_is_named_on_both_sides():
    learnt = (use("/d/a.png", 1), use("/d/b.png", 2))
    split = CategorySplit(category="bolt", train=learnt, test=(use("/d/a.png", 3),))
    (issue,) = content_issues(SplitResult(categories=(split,)), SAME, SplitPolicy())
    assert ("PF602", ("/d/b.png", "/d/a.png"), {"count": 2}) == (issue.code, issue.paths, issue.data)
    assert "2 records have the same image content" in issue.message
    assert "'/d/b.png' (line 2)" in issue.message
    assert "'/d/a.png' (line 3)" in issue.message


def test_a_label_conflict_names_two_files_where_one_has_both_labels():
    tested = (use("/d/a.png", 1), use("/d/a.png", 2, label=1), use("/d/b.png", 3))
    split = CategorySplit(category="bolt", test=tested)
    (issue,) = content_issues(SplitResult(categories=(split,)), SAME, SplitPolicy())
    assert ("PF603", ("/d/a.png", "/d/b.png"), {"count": 2}) == (issue.code, issue.paths, issue.data)
    assert "such as '/d/a.png' (line 2) and '/d/b.png' (line 3)" in issue.message


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1]), st.booleans()), max_size=8))
def test_only_pairs_of_different_files_are_told(drawn):
    records = [use(f"/d/{name}.png", number, label) for number, (name, label, _) in enumerate(drawn, 1)]
    sides = {True: [], False: []}
    for record, (*_, is_tested) in zip(records, drawn, strict=True):
        sides[is_tested].append(record)
    split = [CategorySplit(category="bolt", train=tuple(sides[False]), test=tuple(sides[True]))]
    pairs = [(one, other) for one in drawn for other in drawn if one[0] != other[0]]
    expected = set()
    if any(one[1] != other[1] for one, other in pairs):
        expected.add("PF603")
    if any(one[2] != other[2] for one, other in pairs):
        expected.add("PF602")
    if pairs and not expected:
        expected.add("PF601")
    same = {record.image: "1" for record in records}
    assert expected == {code for code, _ in found(split, same)}


def test_one_image_in_two_categories_is_a_leak_where_one_learns_from_it():
    split = [CategorySplit(category="bolt", train=(A,)), CategorySplit(category="nut", test=(A,))]
    assert [("PF602", "error")] == found(split, SAME)
