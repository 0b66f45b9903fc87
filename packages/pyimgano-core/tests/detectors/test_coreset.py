import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.detectors.torch_parts import coreset
from pyimgano_core.detectors.torch_parts.coreset import select_coreset
from pyimgano_core.progress import SilentProgress


def select(points, count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    chosen = select_coreset(torch.from_numpy(points), count, generator=generator, progress=SilentProgress())
    return chosen.tolist()


def slow_greedy(points, count, first):
    """Take the point whose nearest taken point is farthest, one after the other."""
    points = points.astype(np.float64)
    taken, nearest = [first], np.full(len(points), np.inf)
    while len(taken) < count:
        nearest = np.minimum(nearest, np.linalg.norm(points - points[taken[-1]], axis=1))
        nearest[taken] = -1
        taken.append(int(nearest.argmax()))
    return taken


def cover_radius(points, taken):
    """Return how far the farthest point is from the nearest taken one."""
    points = points.astype(np.float64)
    nearest = [np.linalg.norm(points - points[index], axis=1) for index in taken]
    return float(np.min(nearest, axis=0).max())


def draw_clusters(seed, clusters, spread):
    """Return 1,500 points around a few centres, some of them twice."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, 6))
    points = centres[random.integers(clusters, size=1400)] + spread * random.normal(size=(1400, 6))
    return np.concatenate([points, points[:100]]).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_the_points_taken_are_those_of_the_plain_definition(seed):
    points = np.random.default_rng(seed).normal(size=(60, 8)).astype(np.float32)
    found = select(points, 25, seed)
    assert slow_greedy(points, 25, found[0]) == found


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    clusters=st.integers(1, 40),
    spread=st.sampled_from([0.0, 0.01, 0.3, 3.0]),
    count=st.integers(1, 150),
)
def test_the_cover_is_as_tight_as_the_plain_definition_s(seed, clusters, spread, count):
    points = draw_clusters(seed, clusters, spread)
    found = select(points, count, seed)
    assert count == len(set(found))
    expected = cover_radius(points, slow_greedy(points, count, found[0]))
    assert cover_radius(points, found) <= expected * (1 + 1e-3) + 1e-2


def test_all_points_are_looked_at_once_per_block_and_not_once_per_point(monkeypatch):
    looks, update = [], coreset._update
    monkeypatch.setattr(coreset, "_update", lambda *args: looks.append(len(args[-1])) or update(*args))
    points = np.random.default_rng(3).normal(size=(5000, 64)).astype(np.float32)
    found = select(points, 500)
    assert 500 == len(set(found))
    assert len(looks) < 25


def test_no_point_is_taken_twice_even_where_all_are_equal():
    assert list(range(10)) == sorted(select(np.zeros((10, 4), np.float32), 10))
    assert 900 == len(set(select(np.ones((1000, 4), np.float32), 900)))


def test_equal_seeds_take_equal_points_and_others_do_not():
    points = np.random.default_rng(1).normal(size=(80, 4)).astype(np.float32)
    assert select(points, 10, 3) == select(points, 10, 3)
    assert select(points, 10, 3) != select(points, 10, 4)


def test_a_small_cluster_far_away_is_never_left_out():
    points = np.random.default_rng(2).normal(size=(500, 100)).astype(np.float32)
    points[123] += 50
    assert 123 in select(points, 2)
