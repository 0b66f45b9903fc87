from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_bench.fewshot._draw import limited, pool_of
from pyimgano_core.contracts.config import EvaluationConfig, SplitPolicy
from pyimgano_core.contracts.record import Record, Sample
from pyimgano_core.pixel_gate import decide_gate
from pyimgano_core.preparation import PreparedCategory
from pyimgano_core.splits import split_dataset

POLICY = SplitPolicy()


def sample(line, **fields):
    record = Record(line=line, image_path=f"{line}.png", category="bolt", **fields)
    return Sample(record=record, image=Path(f"{line}.png"))


def category_of(*, train=12, val=0, grouped=False):
    """Explicit and automatic splits, three normal and three anomalous test images."""
    normals = [
        sample(line, split="train" if line % 2 else None, group_id=f"g{line // 3}" if grouped else None)
        for line in range(train)
    ]
    held_out = [sample(100 + line, split="val") for line in range(val)]
    tests = [sample(200 + line, split="test", label=line % 2) for line in range(6)]
    (split,) = split_dataset([*normals, *held_out, *tests], POLICY, 0).categories
    masks = ()
    return PreparedCategory(split=split, masks=masks, gate=decide_gate([], masks, EvaluationConfig()))


def names(samples):
    return [str(one.image) for one in samples]


CATEGORIES = [category_of(), category_of(val=4), category_of(grouped=True)]


@pytest.mark.parametrize("category", CATEGORIES)
@settings(max_examples=30)
@given(st.data())
def test_a_draw_has_so_many_normals_of_the_pool_and_the_same_test_images(category, data):
    count = data.draw(st.integers(1, len(pool_of(category))))
    draw, seed = data.draw(st.integers(0, 20)), data.draw(st.integers(0, 99))
    drawn = limited(category, count, POLICY, seed=seed, draw=draw)
    assert names(category.split.test) == names(drawn.split.test)
    assert count == len(set(names(pool_of(drawn)))) == len(pool_of(drawn))
    assert set(names(pool_of(drawn))) <= set(names(pool_of(category)))
    again = limited(category, count, POLICY, seed=seed, draw=draw).split
    assert (names(drawn.split.train), names(drawn.split.calibration)) == (
        names(again.train),
        names(again.calibration),
    )


@pytest.mark.parametrize("category", CATEGORIES)
@settings(max_examples=30)
@given(st.integers(0, 20), st.integers(0, 99))
def test_the_images_of_a_smaller_number_are_among_those_of_a_larger_one(category, draw, seed):
    sizes = range(1, len(pool_of(category)) + 1)
    pools = [set(names(pool_of(limited(category, size, POLICY, seed=seed, draw=draw)))) for size in sizes]
    assert all(smaller < larger for smaller, larger in pairwise(pools))


def test_draws_and_seeds_differ():
    def drawn(**which):
        return frozenset(names(pool_of(limited(CATEGORIES[0], 3, POLICY, **which))))

    assert len({drawn(seed=0, draw=draw) for draw in range(6)}) > 3
    assert len({drawn(seed=seed, draw=0) for seed in range(6)}) > 3


@pytest.mark.parametrize(("count", "held_out"), [(1, 0), (2, 1), (4, 1), (8, 2)])
def test_a_share_is_held_out_to_calibrate_where_there_are_two(count, held_out):
    split = limited(CATEGORIES[1], count, POLICY, seed=0, draw=0).split
    assert (count - held_out, held_out) == (len(split.train), len(split.calibration))
    assert ("none" if count == 1 else "train_holdout") == split.calibration_source
