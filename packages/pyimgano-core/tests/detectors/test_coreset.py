import numpy as np
import pytest
import torch

from pyimgano_core.detectors.torch_parts.coreset import select_coreset
from pyimgano_core.progress import SilentProgress


def select(points, count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    chosen = select_coreset(torch.from_numpy(points), count, generator=generator, progress=SilentProgress())
    return chosen.tolist()


def slow_greedy(points, count, first):
    """Take the point whose nearest taken point is farthest, each time from scratch."""
    taken = [first]
    while len(taken) < count:
        distances = np.linalg.norm(points[:, None] - points[None, taken], axis=2).min(axis=1)
        distances[taken] = -1
        taken.append(int(distances.argmax()))
    return taken


@pytest.mark.parametrize("seed", range(5))
def test_the_points_taken_are_those_of_the_plain_definition(seed):
    points = np.random.default_rng(seed).normal(size=(60, 8)).astype(np.float32)
    found = select(points, 25, seed)
    assert slow_greedy(points.astype(np.float64), 25, found[0]) == found


def test_no_point_is_taken_twice_even_where_all_are_equal():
    assert list(range(10)) == sorted(select(np.zeros((10, 4), np.float32), 10))


def test_equal_seeds_take_equal_points_and_others_do_not():
    points = np.random.default_rng(1).normal(size=(80, 4)).astype(np.float32)
    assert select(points, 10, 3) == select(points, 10, 3)
    assert select(points, 10, 3) != select(points, 10, 4)


def test_a_small_cluster_far_away_is_never_left_out():
    points = np.random.default_rng(2).normal(size=(500, 100)).astype(np.float32)
    points[123] += 50
    assert 123 in select(points, 2)
