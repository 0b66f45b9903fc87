import hashlib
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import SplitPolicy
from pyimgano_core.contracts.issue import Severity
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.splits import split_dataset

ALLOW = SplitPolicy(group_conflict="allow")


def sample(name, *, category="bolt", **fields):
    record = Record(image_path=f"{name}.png", category=category, **fields)
    return Sample(record=record, image=Path(f"/{category}/{name}.png"))


def normals(count, **fields):
    return [sample(f"{fields.get('split', 'free')}{i}", **fields) for i in range(count)]


def divide(samples, policy=None, seed=0):
    return split_dataset(samples, policy or SplitPolicy(), seed)


def one(samples, policy=None, seed=0):
    (split,) = divide(samples, policy, seed).categories
    return split


def codes(samples, policy=None):
    return {(issue.code, issue.severity.value) for issue in divide(samples, policy).issues}


@st.composite
def data_sets(draw):
    count = draw(st.integers(0, 30))
    result = []
    for i in range(count):
        split = draw(st.sampled_from([None, None, "train", "val", "test"]))
        label = draw(st.sampled_from([0, 0, 1])) if split in {None, "test"} else 0
        group = draw(st.sampled_from([None, "g1", "g2", "g3", "g4"]))
        category = draw(st.sampled_from(["bolt", "nut"]))
        result.append(sample(i, category=category, split=split, label=label, group_id=group))
    return result


policies = st.builds(
    SplitPolicy,
    test_normal_fraction=st.floats(0.01, 0.99),
    calibration_fraction=st.floats(0.01, 0.99),
    group_conflict=st.sampled_from(["error", "allow"]),
)


@given(data_sets(), policies, st.integers(0, 5))
def test_every_sample_has_one_role_and_keeps_its_order(samples, policy, seed):
    splits = divide(samples, policy, seed).categories
    divided = [member for split in splits for _, role in split.by_role for member in role]
    assert sorted(samples, key=id) == sorted(divided, key=id)
    for split in splits:
        for _, role in split.by_role:
            assert sorted(role, key=samples.index) == list(role)


@given(data_sets(), policies, st.integers(0, 5))
def test_anomalies_are_only_tested(samples, policy, seed):
    for split in divide(samples, policy, seed).categories:
        assert not any(member.record.label for member in split.train + split.calibration)


@given(data_sets(), policies, st.integers(0, 5))
def test_no_group_stands_on_two_sides_unless_that_is_told(samples, policy, seed):
    result = divide(samples, policy, seed)
    told = {
        issue.data["group"] for issue in result.issues if issue.code in {"PF606", "PF607"} and issue.category
    }
    for split in result.categories:
        sides = defaultdict(set)
        for role, members in split.by_role:
            for member in members:
                if member.record.group_id is not None:
                    sides[member.record.group_id].add(role)
        for group, roles in sides.items():
            single = split.calibration_fallback == "single_group" and roles == {"train", "calibration"}
            assert len(roles) == 1 or single or group in told


@given(data_sets(), policies, st.integers(0, 5))
def test_train_is_never_emptied(samples, policy, seed):
    for split in divide(samples, policy, seed).categories:
        if split.calibration_source == "train_holdout":
            assert 1 <= len(split.calibration) <= len(split.train)
        free = [
            member
            for member in samples
            if member.record.category == split.category
            and member.record.split is None
            and member.record.label == 0
            and member.record.group_id is None
        ]
        assert split.train or not free


@given(data_sets(), policies, st.integers(0, 5))
def test_equal_input_gives_an_equal_split(samples, policy, seed):
    assert divide(samples, policy, seed) == divide(list(samples), policy, seed)


@given(data_sets(), st.integers(0, 5))
def test_a_category_is_divided_as_if_it_were_alone(samples, seed):
    for split in divide(samples, seed=seed).categories:
        alone = [member for member in samples if member.record.category == split.category]
        assert split == one(alone, seed=seed)


def test_explicit_splits_are_honoured():
    train, val = normals(20, split="train"), normals(5, split="val")
    test = normals(5, split="test")
    split = one(train + val + test)
    assert (train, val, test) == (list(split.train), list(split.calibration), list(split.test))
    assert (split.calibration_source, split.calibration_fallback) == ("val", None)


def test_a_share_of_free_normals_is_tested_and_a_share_of_the_rest_calibrates():
    split = one(normals(31))
    assert (len(split.train), len(split.calibration), len(split.test)) == (19, 5, 7)
    assert split.calibration_source == "train_holdout"


def test_the_split_of_an_existing_manifest_stays():
    assert [member.image.stem for member in one(normals(10)).test] == ["free3", "free5"]
    assert [member.image.stem for member in one(normals(10), seed=7).test] == ["free0", "free9"]


def test_the_seed_of_the_policy_comes_before_that_of_the_run():
    samples = normals(10)
    assert one(samples, SplitPolicy(seed=7), seed=0) == one(samples, seed=7)
    assert one(samples, seed=0) != one(samples, seed=7)


def test_an_explicit_split_of_a_member_is_the_whole_groups():
    group = [sample("a", group_id="lot", split="test"), sample("b", group_id="lot")]
    assert group == list(one(normals(20, split="train") + group).test)


def test_a_free_group_with_an_anomaly_is_tested():
    group = [sample("a", group_id="lot", label=1), sample("b", group_id="lot")]
    assert group == list(one(normals(20, split="train") + group).test)


def test_a_group_with_two_splits_is_an_error():
    group = [sample("a", group_id="lot", split="train"), sample("b", group_id="lot", split="test")]
    assert ("PF606", "error") in codes(normals(20, split="train") + group)


def test_train_and_val_are_two_sides_too():
    group = [sample("a", group_id="lot", split="train"), sample("b", group_id="lot", split="val")]
    assert ("PF606", "error") in codes(normals(20, split="train") + group)


def test_an_allowed_conflict_keeps_each_records_split_and_is_told():
    group = [
        sample("a", group_id="lot", split="train"),
        sample("b", group_id="lot", split="val"),
        sample("c", group_id="lot", split="test"),
        sample("d", group_id="lot"),
    ]
    split = one(group, ALLOW)
    expected = ([group[0]], [group[1]], [group[2], group[3]])
    assert expected == (list(split.train), list(split.calibration), list(split.test))
    assert split.group_conflicts == ("lot",)
    assert ("PF606", "warning") in codes(group, ALLOW)


@pytest.mark.parametrize("side", ["train", "val"])
def test_an_anomaly_in_a_group_that_is_learnt_from_is_an_error_and_is_tested(side):
    group = [sample("a", group_id="lot", split=side), sample("b", group_id="lot", label=1)]
    samples = normals(20, split="train") + group
    assert ("PF607", "error") in codes(samples)
    assert (group[1],) == one(samples).test


def test_an_anomalous_train_record_is_an_error_and_is_tested():
    samples = [*normals(20, split="train"), sample("bad", split="train", label=1)]
    assert ("PF705", "error") in codes(samples)
    assert (samples[-1],) == one(samples).test


def test_a_group_of_two_categories_on_different_sides_is_a_warning():
    samples = [
        *normals(16, split="train"),
        sample("a", split="train", group_id="shared_lot"),
        sample("b", category="nut", split="test", group_id="shared_lot"),
    ]
    (issue,) = (issue for issue in divide(samples).issues if issue.code == "PF606")
    assert (issue.severity, issue.data["groups"]) == (Severity.WARNING, ["shared_lot"])


def test_missing_parts_of_a_category_are_told():
    bad = sample("bad", split="test", label=1)
    good = sample("good", split="test")
    many = normals(30, split="train")
    assert {("PF706", "error")} == codes([bad, good])
    assert {("PF709", "warning")} == codes(many)
    assert {("PF709", "warning")} == codes([*many, bad])
    assert {("PF708", "warning")} == codes([*many, good])
    assert {("PF707", "warning")} == codes([*normals(10, split="train"), bad, good])
    assert set() == codes([*many, bad, good])


def test_calibration_takes_whole_groups():
    samples = [sample(f"{g}_{i}", split="train", group_id=f"g{g}") for g in range(5) for i in range(4)]
    split = one(samples)
    held_out = {member.record.group_id for member in split.calibration}
    assert (len(split.calibration), len(split.train), len(held_out)) == (4, 16, 1)
    assert held_out.isdisjoint(member.record.group_id for member in split.train)


def test_calibration_never_takes_the_group_that_is_most_of_train():
    samples = [sample(i, split="train", group_id="big" if i else "small") for i in range(20)]
    for seed in range(5):
        split = one(samples, seed=seed)
        assert (
            tuple(member.record.group_id for member in split.calibration),
            split.calibration_fallback,
        ) == (("small",), None)


def test_a_single_group_is_divided_by_image_and_that_is_told():
    split = one([sample(i, split="train", group_id="lot") for i in range(10)])
    assert (len(split.train), len(split.calibration), split.calibration_fallback) == (8, 2, "single_group")


def test_one_normal_is_fitted_and_nothing_calibrates():
    split = one([sample("a", split="train")])
    expected = (1, 0, "none", "too_few_normals")
    assert expected == (
        len(split.train), len(split.calibration), split.calibration_source, split.calibration_fallback
    )  # fmt: skip


def test_no_samples_give_no_categories():
    assert (divide([]).categories, divide([]).issues) == ((), ())


def test_categories_that_differ_by_case_alone_are_an_error():
    samples = [sample("a", category="Bottle"), sample("b", category="bottle")]
    assert ("PF702", "error") in codes(samples)


def slowly_drawn(groups, target, most, key):
    order = list(range(len(groups)))
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little") % (2**63 - 1)
    np.random.default_rng(seed).shuffle(order)
    drawn = []
    for group in (groups[place] for place in order):
        if len(drawn) < target and len(drawn) + len(group) <= most:
            drawn += group
    return drawn


def slowly_grouped(samples, places):
    groups = defaultdict(list)
    for place in places:
        group = samples[place].record.group_id
        groups[place if group is None else group].append(place)
    return list(groups.values())


def slowly_assigned(samples, policy, key):
    """Return the side of each sample, group by group, and the groups with two explicit splits."""
    sides, free, torn = {}, [], []
    for members in slowly_grouped(samples, range(len(samples))):
        records = [samples[place].record for place in members]
        named = {record.split for record in records} - {None}
        if not named and not any(record.label for record in records):
            free.append(members)
            continue
        side = named.copy().pop() if len(named) == 1 else "test"
        torn += [records[0].group_id] if len(named) > 1 else []
        for place, record in zip(members, records, strict=True):
            own = (record.split or "test") if len(named) > 1 else side
            sides[place] = "test" if record.label else own
    count = sum(map(len, free))
    target = min(math.ceil(count * policy.test_normal_fraction), max(1, count - 1))
    drawn = slowly_drawn(free, target, count if "train" in sides.values() else count - 1, key)
    sides |= {place: "test" if place in drawn else "train" for members in free for place in members}
    return sides, torn


def slowly_divided(samples, policy, seed):
    """Return the roles of one category's samples by a plain walk over its groups."""
    key = f"{seed}:{samples[0].record.category}"
    sides, torn = slowly_assigned(samples, policy, key)
    train = [place for place in range(len(samples)) if sides[place] == "train"]
    held_out = [place for place in range(len(samples)) if sides[place] == "val"]
    if not held_out and len(train) > 1:
        groups, most = slowly_grouped(samples, train), len(train) // 2
        groups = [[place] for place in train] if len(groups) == 1 else groups
        target = min(most, math.ceil(len(train) * policy.calibration_fraction))
        held_out = sorted(slowly_drawn(groups, target, most, f"{key}:calibration"))
    fitted = [place for place in train if place not in held_out]
    tested = [place for place in range(len(samples)) if sides[place] == "test"]
    return [[samples[place] for place in places] for places in (fitted, held_out, tested)], torn


@given(data_sets(), policies, st.integers(0, 5))
def test_groups_are_divided_as_a_plain_walk_over_them_divides(samples, policy, seed):
    for split in divide(samples, policy, seed).categories:
        members = [member for member in samples if member.record.category == split.category]
        expected, torn = slowly_divided(members, policy, seed)
        assert expected == [list(role) for _, role in split.by_role]
        assert tuple(torn) == split.group_conflicts
