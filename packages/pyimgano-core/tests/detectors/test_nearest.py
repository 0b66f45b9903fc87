import numpy as np
import pytest
import torch

from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.detectors.torch_parts import nearest
from pyimgano_core.detectors.torch_parts.nearest import NearestNeighbour
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.testing import check_detector


def draw(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def search(bank, *, largest=None, neighbours=0):
    channels = bank.shape[1]
    scale, center = torch.full((channels,), 2.0), torch.full((channels,), 0.5)
    return NearestNeighbour(bank, scale, center, largest=largest or len(bank), neighbours=neighbours)


@pytest.mark.parametrize("largest", [1, 20_000, 10**9], ids=["whole", "three pieces", "smallest pieces"])
def test_pieces_give_the_distances_of_the_whole(largest):
    bank, patches = draw(70, 5), draw(2, 250, 5, seed=1)
    head = search(bank, largest=largest)
    expected = torch.cdist((patches * 2 - 0.5).double(), bank.double()[None]).amin(dim=2)
    np.testing.assert_allclose(expected, head(patches), rtol=1e-4, atol=1e-4)


def test_pieces_hold_as_many_distances_as_the_longest_bank_allows():
    assert 104 == search(draw(10, 5), largest=nearest._PIECE // 104).piece
    assert nearest._FEWEST == search(draw(10, 5), largest=10**9).piece


def slow_rarity(query, bank, count):
    """Equation 7 of the paper, for one vector, in double precision."""
    to_bank = np.linalg.norm(bank - query, axis=1)
    closest = bank[to_bank.argmin()]
    around = bank[np.argsort(np.linalg.norm(bank - closest, axis=1))[:count]]
    return 1 - np.exp(to_bank.min()) / np.exp(np.linalg.norm(around - query, axis=1)).sum()


@pytest.mark.parametrize("count", [2, 5, 70])
def test_rarity_is_that_of_the_paper(count):
    bank, patches = draw(70, 5), draw(3, 40, 5, seed=1)
    head = search(bank, neighbours=count)
    distances = head(patches)
    placed = (patches * 2 - 0.5).double().numpy()
    farthest = distances.argmax(dim=1)
    expected = [
        slow_rarity(placed[image, farthest[image]], bank.double().numpy(), count) for image in range(3)
    ]
    np.testing.assert_allclose(expected, head.rarity(patches, distances), rtol=1e-4)


def test_rarity_stays_a_number_however_far_a_patch_is():
    head = search(draw(20, 5), neighbours=4)
    patches = draw(1, 6, 5) * 1e4
    assert 0 < float(head.rarity(patches, head(patches))) < 1


def test_the_score_is_the_farthest_distance_times_its_rarity(fit, textures, rating):
    graph = fit(PatchCore(reweight_neighbours=5), textures(4))
    query = textures(1, seed=8)
    scorer, vectors, distances = rating(graph, query)
    expected = float(distances.max() * scorer.head.rarity(vectors, distances)[0])
    assert pytest.approx(expected, rel=1e-4) == OnnxScorer(graph.model).score(query[0]).score
    assert "5 remembered vectors" in graph.info["score_reduction"]
    assert "distance to the nearest" in graph.info["score_unit"]


def test_reweighting_keeps_the_contract(textures):
    check_detector(PatchCore(reweight_neighbours=5), textures(3))


def test_neighbours_are_bounded_by_the_bank():
    assert 4 == search(draw(4, 5), neighbours=9).neighbours


def test_a_single_remembered_vector_has_no_neighbourhood(fit, textures):
    graph = fit(PatchCore(reweight_neighbours=9, candidates=1), textures(2))
    assert graph.info["score_reduction"].startswith("mean distance")
