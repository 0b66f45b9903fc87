"""Samples kept as rows are those that were added; and what is repeated is found as a dictionary finds it."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.config import SplitPolicy
from pyimgano_core.contracts.record import Record
from pyimgano_core.duplicates import content_issues, path_issues
from pyimgano_core.manifest import (
    SPLITS,
    KeyNumbers,
    Rows,
    SampleTable,
    _rows,
    categories_of,
    columns_of,
    find_repeated,
    image_file,
    lines_of,
    load_manifest,
    mask_file,
    named_images,
    resolve,
    take,
)
from pyimgano_core.splits import split_dataset

FOLDER = Path("/data/set")

names = st.text("ab.\\ é\udc80", min_size=1, max_size=5)
paths = st.lists(st.sampled_from(["", ".", "..", "a", "b"]) | names, min_size=1, max_size=4).map("/".join)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé\udc80"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("kq"), inner, max_size=2),
    max_leaves=4,
)


def as_table(records):
    rows = Rows(FOLDER)
    for record in records:
        rows.add(record)
    return SampleTable(rows)


@st.composite
def record_lists(draw, image_paths=paths):
    count = draw(st.integers(0, 12))
    return [
        Record(
            image_path=draw(image_paths.filter(bool)),
            category=draw(st.sampled_from(["bolt", "nut", "lid"])),
            split=draw(st.sampled_from(SPLITS)),
            label=draw(st.sampled_from([0, 0, 1])),
            labelled=draw(st.booleans()),
            mask_path=draw(st.none() | paths.filter(bool)),
            group_id=draw(st.sampled_from([None, None, "g1", "g2", "nut"])),
            defect=draw(st.sampled_from([None, "scratch"])),
            meta=draw(st.dictionaries(st.text("mn"), json_values, max_size=2)),
            line=line,
        )
        for line in range(1, count + 1)
    ]


@given(record_lists())
def test_a_table_holds_what_was_added(records):
    expected = tuple(resolve(record, FOLDER) for record in records)
    table = as_table(records)
    assert expected == table
    assert list(expected) == [table[index] for index in range(len(table))]
    assert [sample.image_file for sample in expected] == [image_file(table, i) for i in range(len(table))]
    for samples in (expected, table):
        assert [(s.record.category, s.image_file) for s in expected] == list(named_images(samples))
    assert [sample.mask_file for sample in expected] == [mask_file(table, i) for i in range(len(table))]


@given(record_lists(), st.data())
def test_a_part_of_a_table_is_that_part_of_the_samples(records, data):
    table = as_table(records)
    expected = tuple(table)
    places = data.draw(st.lists(st.integers(0, max(len(records) - 1, 0)), max_size=len(records)))
    part = take(table, np.array(places, np.int64))
    assert tuple(expected[place] for place in places) == part
    assert take(expected, np.array(places, np.int64)) == part
    assert tuple(part)[1::2] == part[1::2]
    assert tuple(part)[::-1] == part[::-1]


@given(record_lists())
def test_columns_are_those_of_the_samples(records):
    table = as_table(records)
    plain, found = columns_of(tuple(table)), columns_of(table)
    for name in ("split", "anomalous", "masked"):
        assert getattr(plain, name).tolist() == getattr(found, name).tolist()
    for columns in (plain, found):
        assert [r.category for r in records] == [columns.names[code] for code in columns.category]
        groups = [None if code < 0 else columns.names[code] for code in columns.group]
        assert [record.group_id for record in records] == groups
    for samples in (table, tuple(table)):
        assert [record.line for record in records] == lines_of(samples).tolist()
        categories = categories_of(samples)
        assert sorted({record.category for record in records}) == list(categories)
        for name, places in categories.items():
            assert [i for i, record in enumerate(records) if record.category == name] == places.tolist()


def test_samples_are_counted_from_either_end_and_none_is_beyond():
    table = as_table([Record(image_path=f"{name}.png", category="a") for name in "xyz"])
    assert table[2] == table[-1]
    for index in (3, -4):
        with pytest.raises(IndexError, match="there are 3 samples"):
            table[index]
    assert table != table[:2]
    assert table != "xyz"


few_paths = st.sampled_from(["a.png", "b.png", "./a.png", "x/../a.png", "A.png", "c.png", "d.png"])


@given(record_lists(few_paths), st.integers(0, 3), st.sampled_from(["error", "allow"]))
def test_what_is_found_in_a_table_is_what_is_found_in_its_samples(records, seed, leakage):
    policy = SplitPolicy(leakage=leakage)
    table = as_table(records)
    results = []
    for samples in (table, tuple(table)):
        split = split_dataset(samples, policy, seed)
        roles = [(c.category, role, tuple(of_role)) for c in split.categories for role, of_role in c.by_role]
        hashes = {
            sample.image: sample.image.name.lower() for sample in samples if "d.png" != sample.image.name
        }
        copies = content_issues(split, hashes, policy)
        results.append((roles, split.issues, path_issues(samples), copies))
    assert results[0] == results[1]


def test_a_file_is_found_below_the_root_where_it_is_not_beside_the_manifest(tmp_path):
    for folder, name in (("set", "a.png"), ("root", "a.png"), ("root", "b.png")):
        (tmp_path / folder / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "images" / name).touch()
    lines = [
        {"image_path": f"images/{name}.png", "category": "x", "mask_path": "images/b.png"} for name in "abc"
    ]
    (tmp_path / "set/m.jsonl").write_text("\n".join(map(json.dumps, lines)))
    samples = load_manifest(tmp_path / "set/m.jsonl", tmp_path / "root").samples
    expected = ["set/images/a.png", "root/images/b.png", "set/images/c.png"]
    assert [str(tmp_path / path) for path in expected] == [sample.image_file for sample in samples]
    assert {str(tmp_path / "root/images/b.png")} == {sample.mask_file for sample in samples}


@given(record_lists())
def test_texts_may_be_longer_than_ends_count(records):
    expected = as_table(records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "_REACH", 4096)
        table = as_table(records * 200)
        assert list(expected) * 200 == list(table)


@given(record_lists())
def test_meta_that_hardly_repeats_is_kept_as_well(records):
    expected = as_table(records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "_MOST_SHARED_META", 2)
        assert expected == tuple(as_table(records))


def test_lines_are_those_of_the_records_wherever_they_jump():
    lines = [0, 0, 3, 4, 5, 9, 10, 2, 0, 0, 1]
    table = as_table([Record(image_path="a.png", category="a", line=line) for line in lines])
    assert lines == [sample.record.line for sample in table]
    assert lines == lines_of(table).tolist()
    assert lines[::-2] == lines_of(table[::-2]).tolist()


def test_samples_of_many_blocks_are_found_by_category_and_by_path():
    count = 40_000
    paths = [f"{index % (count - 3)}.png" for index in range(count)]
    table = as_table([Record(image_path=path, category=f"c{len(path) % 3}") for path in paths])
    for name, places in categories_of(table).items():
        assert [i for i, path in enumerate(paths) if name == f"c{len(path) % 3}"] == places.tolist()
    assert ["0.png", "1.png", "2.png"] == [issue.paths[0] for issue in path_issues(table)]


def test_ten_thousand_samples_take_less_than_a_megabyte(tmp_path):
    lines = (
        {
            "image_path": f"images/part/{i:09}.png",
            "category": "part",
            "group_id": f"g{i // 40}",
            "meta": {"c": 1},
        }
        for i in range(10_000)
    )
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, lines)))
    load_manifest(tmp_path / "m.jsonl")
    tracemalloc.start()
    samples = load_manifest(tmp_path / "m.jsonl").samples
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples) == 10_000
    assert taken < 1_000_000  # as objects: ten times that


class Clash:
    """A key whose hash is that of many others."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Clash) and self.value == other.value

    def __hash__(self):
        return self.value % 2


keys = st.lists(st.integers(0, 9) | st.text("ab", max_size=2) | st.integers(0, 9).map(Clash), max_size=30)


@given(keys)
def test_keys_are_numbered_as_a_dictionary_numbers_them(keys):
    expected = {}
    for place, key in enumerate(keys):
        expected.setdefault((type(key), key), (len(expected), place))
    found = KeyNumbers(len(keys), keys.__getitem__)
    assert len(expected) == len(found)
    assert [expected[type(key), key][0] for key in keys] == found.numbers.tolist()
    assert [place for _, place in expected.values()] == found.first.tolist()
    assert [expected[type(key), key][0] for key in keys] == [found.find(key) for key in keys]
    assert found.find("unknown") is None


@given(st.lists(st.none() | st.integers(0, 9) | st.integers(0, 9).map(Clash), max_size=30))
def test_repeated_keys_are_found_as_a_dictionary_finds_them(keys):
    places = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault((type(key), key), []).append(place)
    expected = [group for group in places.values() if len(group) > 1]
    assert expected == find_repeated(len(keys), keys.__getitem__)
