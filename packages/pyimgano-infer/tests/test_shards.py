from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.contracts.prediction import Failure
from pyimgano_core.contracts.record import Record
from pyimgano_infer._inputs import Input
from pyimgano_infer._shards import cut, header_of, with_categories


def inputs(count):
    return [
        Input(text=f"{number}.png", path=Path(f"{number}.png"), category="part") for number in range(count)
    ]


@given(st.integers(0, 3000))
def test_every_input_is_in_one_shard_in_its_place(count):
    shards = list(cut(iter(inputs(count))))
    assert inputs(count) == [item for shard in shards for item in shard.inputs]
    assert list(range(len(shards))) == [shard.index for shard in shards]
    assert [shard.first for shard in shards] == [
        sum(len(before.inputs) for before in shards[: shard.index]) for shard in shards
    ]


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_where_a_stream_is_cut_does_not_depend_on_what_follows(short, long):
    short, long = sorted((short, long))
    whole = list(cut(iter(inputs(short))))[:-1]
    assert whole == list(cut(iter(inputs(long))))[: len(whole)]


def test_shards_begin_small_and_stay_below_a_bound():
    sizes = [len(shard.inputs) for shard in cut(iter(inputs(20_000)))][:-1]
    assert (4, 256) == (sizes[0], sizes[-1])
    assert sorted(sizes) == sizes


def test_only_as_many_inputs_are_taken_as_a_shard_needs():
    taken = []
    stream = (taken.append(item) or item for item in inputs(100))
    next(cut(stream))
    assert 4 == len(taken)


CHANGES = [
    {"text": "other.png"},
    {"path": Path("elsewhere/0.png")},
    {"category": "nut"},
    {"record": Record(image_path="0.png", category="part", meta={"part_id": 7})},
    {"failure": Failure(code="x", message="y")},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_header_tells_inputs_apart(change):
    plain = {"text": "0.png", "path": Path("0.png"), "category": "part"}
    first, second = (
        header_of(next(cut(iter([Input(**{**plain, **more})]))), "digest") for more in ({}, change)
    )
    assert first != second


def test_a_header_tells_settings_apart_and_is_one_line():
    [shard] = cut(iter([Input(text="a\nb\udcff.png", path=Path("a\nb\udcff.png"), category="part")]))
    assert header_of(shard, "one") != header_of(shard, "two")
    assert 1 == header_of(shard, "one").count(b"\n")


def test_the_only_category_is_that_of_inputs_that_bring_none():
    plain = [Input(text="a", path=Path("a")), Input(text="b", path=Path("b"), category="nut")]
    assert [("part", None), ("nut", "unknown_category")] == [
        (item.category, item.failure and item.failure.code) for item in with_categories(plain, ("part",))
    ]


def test_a_failure_that_is_known_already_stays():
    failure = Failure(code="not_readable", message="no")
    [item] = with_categories([Input(text="a", path=Path("a"), failure=failure)], ("bolt", "nut"))
    assert (failure, "") == (item.failure, item.category)
