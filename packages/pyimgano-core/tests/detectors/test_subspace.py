import io

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors import Updatable
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.subspace import Subspace
from pyimgano_core.errors import ArtifactError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.scoring import OnnxScorer
from pyimgano_core.testing import ArrayImages


def update(detector, state, images):
    source = ArrayImages(images)
    return detector.update(state, source, seed=0, device="cpu", progress=SilentProgress())


def slow_residuals(train, query, variance):
    """Distances (N, P) of query (N, P, C) to the plane of a PCA of train (M, C), by singular values."""
    deviation, mean = train.std(axis=0), train.mean(axis=0)
    _, values, directions = np.linalg.svd((train - mean) / deviation, full_matrices=False)
    shares = np.cumsum(values**2) / np.sum(values**2)
    kept = directions[: int((shares < variance).sum()) + 1]
    offset = (query - mean) / deviation
    return np.linalg.norm(offset - offset @ kept.T @ kept, axis=2)


@pytest.mark.parametrize("variance", [0.3, 0.9, 0.99, 0.9999])
def test_distances_are_what_the_components_leave(fit, textures, rating, variance):
    train, queries = textures(6), textures(2, seed=4)
    scorer, vectors, found = rating(fit(Subspace(variance=variance), train), queries)
    with torch.no_grad():
        known = scorer.patches(torch.from_numpy(train)).flatten(0, 1).double().numpy()
    expected = slow_residuals(known, vectors.double().numpy(), variance)
    np.testing.assert_allclose(expected, found, rtol=1e-3)


@pytest.mark.parametrize(("variance", "left"), [(0.3, False), (0.9999, True)])
def test_of_what_is_spanned_and_what_is_left_the_smaller_is_kept(fit, textures, rating, variance, left):
    graph = fit(Subspace(variance=variance), textures(6))
    head = rating(graph, textures(1))[0].head
    components, dimensions = graph.info["components"], graph.info["dimensions"]
    assert left == (components > dimensions / 2)
    assert min(components, dimensions - components) == len(head.directions)


def test_something_is_always_left_over(fit, textures):
    info = fit(Subspace(variance=1 - 1e-12), textures(2)).info
    assert info["dimensions"] - 1 == info["components"]


def test_the_model_has_kilobytes(fit, textures):
    assert len(fit(Subspace(), textures(3)).model) < 120_000


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 4), min_size=2, max_size=4), seed=st.integers(0, 100))
def test_updates_in_parts_give_the_model_of_a_fit_on_all(fit, textures, parts, seed):
    images = textures(sum(parts), seed=seed)
    whole = fit(Subspace(), images)
    graph = fit(Subspace(), images[: parts[0]])
    start = parts[0]
    for count in parts[1:]:
        graph = update(Subspace(), graph.state, images[start : start + count])
        start += count
    assert {name: value.shape for name, value in whole.state.items()} == {
        name: value.shape for name, value in graph.state.items()
    }
    for name, value in whole.state.items():
        np.testing.assert_allclose(value, graph.state[name], rtol=1e-12)
    assert whole.info["components"] == graph.info["components"]
    for image in textures(2, seed=seed + 1):
        one, other = (OnnxScorer(each.model).score(image) for each in (whole, graph))
        assert pytest.approx(one.score, rel=1e-4) == other.score
        np.testing.assert_allclose(one.anomaly_map, other.anomaly_map, rtol=1e-3)


def test_the_state_is_stored_without_running_code(fit, textures):
    graph = fit(Subspace(), textures(3))
    stored = io.BytesIO()
    np.savez(stored, **graph.state)
    stored.seek(0)
    with np.load(stored, allow_pickle=False) as state:
        found = update(Subspace(), dict(state), textures(1, seed=3))
    assert found.model == update(Subspace(), graph.state, textures(1, seed=3)).model
    assert 4 * 64 == found.info["patches"]


def test_an_update_leaves_the_old_state_as_it_was(fit, textures):
    graph = fit(Subspace(), textures(2))
    before = {name: value.copy() for name, value in graph.state.items()}
    update(Subspace(), graph.state, textures(2, seed=3))
    for name, value in before.items():
        np.testing.assert_array_equal(value, graph.state[name])


@pytest.mark.parametrize(
    "spoil",
    [
        dict.clear,
        lambda state: state.update(sum=state["sum"][:-1]),
        lambda state: state.update(sum=state["sum"].astype(np.float32)),
        lambda state: state.update(other=np.zeros(3)),
    ],
    ids=["nothing", "other features", "less precision", "something more"],
)
def test_a_state_of_something_else_is_refused(fit, textures, spoil):
    state = fit(Subspace(), textures(1)).state
    spoil(state)
    with pytest.raises(ArtifactError, match="the state is not that of 'subspace' with these features"):
        update(Subspace(), state, textures(1))


def test_it_says_that_it_can_be_updated_and_padim_does_not():
    assert isinstance(Subspace(), Updatable)
    assert not isinstance(Padim(), Updatable)


def test_learned_features_stay_those_of_the_first_images(fit, textures):
    detector = Subspace(features=FeaturesConfig(backbone="dictionary"))
    graph = fit(detector, textures(3))
    updated = update(detector, graph.state, textures(2, seed=9))
    learnt = [name for name in graph.state if name.startswith("features.learnt.")]
    assert learnt
    for name in learnt:
        np.testing.assert_array_equal(graph.state[name], updated.state[name])
    whole = update(detector, updated.state, textures(1, seed=5))
    assert 6 * 64 == whole.info["patches"]
    assert "leave of a feature vector" in whole.info["score_unit"]
