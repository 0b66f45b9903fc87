import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.metrics import _bags
from pyimgano_core.metrics._bags import Bags

scores = st.lists(st.integers(-9, 9), max_size=12).map(lambda values: np.array(values) / 4)
additions = st.lists(
    st.tuples(scores, st.sampled_from([np.float32, np.float64]), st.integers(-1, 2)), max_size=9
)


def contents(bags):
    """Return each bag's scores, sorted, and check that every run ascends and is short."""
    found = {}
    for bag, values in bags.runs():
        assert 0 < len(values) <= _bags.RUN
        assert (np.diff(values) >= 0).all()
        found.setdefault(bag, []).extend(values.tolist())
    return {bag: sorted(values) for bag, values in found.items()}


def fill(entries):
    bags = Bags()
    for values, dtype, bag in entries:
        bags.add(values.astype(dtype), bag)
    return bags


@given(additions, st.integers(1, 40), st.integers(1, 10), st.integers(0, 9))
def test_every_score_comes_back_in_its_bag_whatever_the_chunks_runs_and_shards(entries, chunk, run, cut):
    expected = {}
    for values, _, bag in entries:
        expected.setdefault(bag, []).extend(values.tolist())
    expected = {bag: sorted(values) for bag, values in expected.items() if values}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bags, "CHUNK", chunk)
        patch.setattr(_bags, "RUN", run)
        left, right = fill(entries[:cut]), fill(entries[cut:])
        others = contents(right)
        left.merge(right)
        assert expected == contents(left) == contents(left)
        assert others == contents(right)


def test_scores_are_copied_and_float64_is_kept_exact():
    bags, wide = Bags(), np.array([[0.1, 0.3]])
    bags.add(np.ones(3, np.float32))
    bags.add(wide)
    wide[:] = 7
    assert {0: [0.1, 0.3, 1.0, 1.0, 1.0]} == contents(bags)


def test_bags_share_one_buffer_however_many_they_are(monkeypatch):
    monkeypatch.setattr(_bags, "CHUNK", 100)
    bags = Bags()
    for bag in range(50):
        bags.add(np.full(30, bag, np.float32), bag)
    assert len(bags._buffer) == 100
    assert {bag: [bag] * 30 for bag in range(50)} == contents(bags)
