import numpy as np
import pytest
import torch

from pyimgano_core.contracts.config import ModelConfig
from pyimgano_core.detectors import create_detector
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.torch_parts import padim
from pyimgano_core.detectors.torch_parts.padim import choose_dimensions
from pyimgano_core.errors import ConfigError


def gather(images, scorer):
    """Return the chosen features of images (N, P, D), float64."""
    with torch.no_grad():
        vectors = scorer.patches(torch.from_numpy(images))
    return vectors.index_select(2, scorer.head.dimensions).double().numpy()


def windows(train, grid, neighbourhood):
    """Return for each position the vectors (n, D) of all images in its neighbourhood."""
    rows, columns = grid
    on_grid = train.reshape(len(train), rows, columns, -1)
    reach = neighbourhood // 2
    return [
        on_grid[
            :, max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
        ].reshape(-1, train.shape[2])
        for row in range(rows)
        for column in range(columns)
    ]


def slow_distances(train, query, grid, options):
    """Mahalanobis distances by inverting the whole covariance of each position's neighbourhood."""
    deviation = train.std(axis=(0, 1))
    near = windows(train / deviation, grid, options.neighbourhood)
    covariances = [np.cov(vectors, rowvar=False, ddof=0) for vectors in near]
    if options.covariance == "shared":
        covariances = [np.mean(covariances, axis=0)] * len(covariances)
    isotropic = options.regularization * np.mean([np.diag(matrix) for matrix in covariances])
    distances = np.empty(query.shape[:2])
    for place, (vectors, matrix) in enumerate(zip(near, covariances, strict=True)):
        inverse = np.linalg.inv(matrix + isotropic * np.eye(len(matrix)))
        offsets = query[:, place] / deviation - vectors.mean(axis=0)
        distances[:, place] = np.sqrt(np.einsum("nd,de,ne->n", offsets, inverse, offsets))
    return distances


@pytest.mark.parametrize("neighbourhood", [1, 3])
@pytest.mark.parametrize("regularization", [0.01, 1.0])
@pytest.mark.parametrize("covariance", ["low_rank", "full", "shared"])
def test_distances_are_those_of_the_inverted_covariance(
    fit, textures, rating, covariance, regularization, neighbourhood
):
    options = Padim(
        dimensions=12, covariance=covariance, regularization=regularization, neighbourhood=neighbourhood
    )
    train, queries = textures(9), textures(2, seed=4)
    scorer, _, found = rating(fit(options, train), queries)
    expected = slow_distances(gather(train, scorer), gather(queries, scorer), scorer.grid, options)
    np.testing.assert_allclose(expected, found, rtol=5e-3)


def test_the_rank_is_bounded_by_the_option_and_the_dimensions(fit, textures):
    info = fit(Padim(rank=2, dimensions=12), textures(5)).info
    assert (2, True) == (info["rank"], info["score_unit"].startswith("Mahalanobis"))
    assert 12 == fit(Padim(dimensions=12), textures(5)).info["rank"]


@pytest.mark.parametrize("covariance", ["low_rank", "full", "shared"])
def test_the_size_of_what_is_learnt_is_told_without_a_fit(fit, textures, covariance):
    options = Padim(dimensions=12, rank=5, covariance=covariance)
    graph = fit(options, textures(3))
    head = graph.reference.__self__.head
    assert options.learnt_bytes(64, 45) == head.mean.nbytes + head.factor.nbytes
    assert covariance == graph.info["covariance"]


def test_covariances_that_no_model_can_hold_are_refused_before_the_fit(fit, textures, monkeypatch):
    monkeypatch.setattr(padim, "_LARGEST", 1000)
    with pytest.raises(ConfigError, match=r"\$\.model\.options\.covariance: 'full' needs .* choose 'shared'"):
        fit(Padim(covariance="full"), textures(1))


def test_the_dimensions_are_bounded_by_the_features():
    assert list(range(45)) == choose_dimensions(Padim(dimensions=10_000), 45, 0).tolist()
    assert 12 == len(set(choose_dimensions(Padim(dimensions=12), 45, 0).tolist()))


def test_the_order_of_the_images_does_not_matter(fit, textures, rating):
    images, query = textures(20), textures(1, seed=4)
    _, _, one = rating(fit(Padim(dimensions=12), images), query)
    _, _, other = rating(fit(Padim(dimensions=12), images[::-1].copy()), query)
    np.testing.assert_allclose(one, other, rtol=1e-3)


def test_a_neighbourhood_needs_a_middle(tmp_path):
    with pytest.raises(ConfigError, match=r"options\.neighbourhood: .* odd number, not 4"):
        create_detector(ModelConfig(name="padim", options={"neighbourhood": 4}), tmp_path)


def test_a_wider_neighbourhood_forgives_a_shifted_part(fit, textures, rating):
    def alarm(neighbourhood):
        graph = fit(Padim(dimensions=12, neighbourhood=neighbourhood), train)
        return float(rating(graph, shifted)[2].max() / rating(graph, train)[2].max())

    train, shifted = textures(6), textures(1, seed=4)
    train[:, 24:32, 24:32] = 0
    shifted[:, 24:32, 32:40] = 0
    assert alarm(3) < 0.7 * alarm(1)


class Labels:
    """A progress that remembers which steps it was told of, and how many items passed in each."""

    def __init__(self):
        self.steps = {}

    def track(self, items, label, total=None):
        for item in items:
            self.steps.setdefault(label, [0, total])[0] += 1
            yield item


def test_every_step_over_images_or_positions_shows_how_far_it_is(fit, textures):
    progress = Labels()
    graph = fit(Padim(dimensions=12), textures(5), progress=progress)
    rows = graph.reference.__self__.grid[0]
    export = {"export of the graph": [1, 1]}
    assert {"features": [5, 5], "covariances": [rows, rows], **export} == progress.steps


def test_the_small_decompositions_run_on_one_thread_and_the_rest_on_all(fit, textures, monkeypatch):
    used, eigh = set(), torch.linalg.eigh
    monkeypatch.setattr(
        torch.linalg, "eigh", lambda matrix: used.add(torch.get_num_threads()) or eigh(matrix)
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit(Padim(dimensions=12), textures(5))
        assert ({1}, 2) == (used, torch.get_num_threads())
    finally:
        torch.set_num_threads(threads)


def test_a_regularisation_that_rounding_swallows_is_refused(fit, textures):
    detector = Padim(covariance="full", regularization=1e-30)
    with pytest.raises(ConfigError, match=r"\$\.model\.options\.regularization: is too small"):
        fit(detector, textures(2))
