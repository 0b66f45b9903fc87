import numpy as np
import onnx
import pytest
import torch

from pyimgano_core.detectors.patchcore import PatchCore
from pyimgano_core.scoring import OnnxScorer


def bank_bytes(graph):
    model = onnx.ModelProto.FromString(graph.model)
    (bank,) = [tensor for tensor in model.graph.initializer if tensor.name == "head.bank"]
    return len(bank.raw_data)


@pytest.mark.parametrize("megabytes", [0.001, 0.02])
def test_the_memory_bank_stays_within_its_budget_and_fills_it(fit, textures, megabytes):
    graph = fit(PatchCore(coreset_ratio=1.0, memory_budget_mb=megabytes), textures(4))
    budget, vector = megabytes * 2**20, graph.info["bank_dimensions"] * 4
    assert budget - vector < bank_bytes(graph) <= budget
    assert bank_bytes(graph) == graph.info["bank_size"] * vector


def test_a_budget_below_one_vector_keeps_one(fit, textures):
    assert 1 == fit(PatchCore(memory_budget_mb=1e-6), textures(2)).info["bank_size"]


def test_without_a_ratio_the_budget_alone_decides(fit, textures):
    assert 4 * 64 == fit(PatchCore(), textures(4)).info["bank_size"]


def test_the_ratio_is_of_all_patches(fit, textures):
    info = fit(PatchCore(coreset_ratio=0.25), textures(4)).info
    assert 4 * 64 == info["patches"]
    assert 64 == info["bank_size"]


@pytest.mark.parametrize(("candidates", "expected"), [(1, 1), (3, 3), (40_000, 256)])
def test_candidates_are_bounded_whatever_the_number_of_images(fit, textures, candidates, expected):
    info = fit(PatchCore(candidates=candidates), textures(4)).info
    assert expected == info["candidates"] == info["bank_size"]


def test_images_that_give_no_candidate_are_not_looked_at(fit, textures):
    seen = []

    class Counter:
        def track(self, items, label, total=None):
            for item in items:
                seen.append((label, total))
                yield item

    info = fit(PatchCore(candidates=3), textures(8), progress=Counter()).info
    assert [("features", 3)] * 3 == [entry for entry in seen if entry[0] == "features"]
    assert 8 * 64 == info["patches"]


def test_the_bank_s_size_is_told_without_a_fit(fit, textures):
    for options in (PatchCore(memory_budget_mb=0.02), PatchCore(coreset_ratio=0.3), PatchCore(candidates=3)):
        info = fit(options, textures(4)).info
        assert info["bank_size"] == options.bank_size(info["patches"], info["bank_dimensions"])


def test_a_single_neighbour_is_refused():
    with pytest.raises(ValueError, match="'reweight_neighbours' must be 0 for none, or at least 2"):
        PatchCore(reweight_neighbours=1)


def test_distances_are_those_to_the_nearest_remembered_vector(fit, textures, rating):
    graph = fit(PatchCore(coreset_ratio=0.2), textures(4))
    scorer, vectors, found = rating(graph, textures(2, seed=8))
    head = scorer.head
    query = (vectors * head.scale - head.center).double()
    expected = torch.cdist(query, head.bank.double()[None]).amin(dim=2)
    np.testing.assert_allclose(expected, found, rtol=1e-4)


def test_an_image_that_is_wholly_remembered_has_no_distance(fit, textures):
    images = textures(3)
    scorer = OnnxScorer(fit(PatchCore(coreset_ratio=1.0), images).model)
    assert scorer.score(images[1]).score < 0.02 * scorer.score(textures(1, seed=9)[0]).score


def test_layers_weigh_alike_whatever_their_scale(fit, textures, rating, random_backbone):
    graph = fit(PatchCore(features=random_backbone, coreset_ratio=1.0), textures(3))
    scorer, _, _ = rating(graph, textures(1))
    variances = scorer.head.bank.var(dim=0, correction=0)
    for group in (0, 1):
        chosen = variances[scorer.patches.groups == group]
        assert pytest.approx(1, rel=1e-3) == float(chosen.mean())
