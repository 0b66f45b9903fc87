import numpy as np
import pytest
import torch
from torch import nn

from pyimgano_core.contracts.config import FeaturesConfig, ModelConfig
from pyimgano_core.detectors import create_detector
from pyimgano_core.detectors.contract import MemoryPredicting
from pyimgano_core.detectors.dictionary import Dictionary
from pyimgano_core.detectors.torch_parts.dictionary import _calibrated, _statistics_around
from pyimgano_core.detectors.torch_parts.features import Filters, JoinedFeatures, PatchFeatures
from pyimgano_core.testing import check_detector

MIB = 2**20
GRID = (24, 5)


class Length(nn.Module):
    """Rates a patch by its length."""

    def forward(self, patches):
        return patches.square().sum(dim=2).sqrt()


def random_vectors(count, seed=0):
    """Vectors (M, P, 4) that are longer in some places than in others."""
    random = np.random.default_rng(seed)
    scale = np.linspace(1, 3, GRID[0] * GRID[1])[:, None]
    return torch.from_numpy(random.normal(size=(count, GRID[0] * GRID[1], 4)) * scale).float()


def test_calibrated_distances_of_normal_images_lie_around_zero_with_a_deviation_of_one():
    member = _calibrated(lambda _vectors: Length(), (1, 3), random_vectors(200), GRID)
    found = member(random_vectors(200, seed=1))
    plain = random_vectors(200, seed=1)[:, :, 1:3].square().sum(dim=2).sqrt()
    assert abs(found.mean()) < 0.1
    assert 0.85 < found.std() < 1.05
    top, bottom = found[:, :10].std(), found[:, -10:].std()
    assert plain[:, -10:].std() / plain[:, :10].std() > 1.8
    assert 0.75 < bottom / top < 1.33


@pytest.mark.parametrize("count", [2, 3, 7])
def test_no_image_is_calibrated_by_a_fit_that_has_seen_it(count):
    vectors = random_vectors(count)
    rated, seen = [], []

    class Watch(nn.Module):
        def __init__(self, known):
            super().__init__()
            self.known = known

        def forward(self, patches):
            number = int(patches[0, 0, 0])
            rated.append(number)
            assert number not in self.known
            return patches[:, :, 0]

    def fit(known):
        seen.append({int(image[0, 0]) for image in known})
        return Watch(seen[-1])

    vectors[:, 0, 0] = torch.arange(count)
    _calibrated(fit, (0, 4), vectors, GRID)
    assert sorted(rated) == list(range(count))
    assert seen[-1] == set(range(count))


def test_statistics_are_those_of_the_seven_rows_and_columns_around():
    distances = random_vectors(9)[:, :, 0].double()
    usual, variance = _statistics_around(distances, GRID)
    on_grid = distances.numpy().reshape(9, *GRID)
    means, spreads = np.empty(GRID), np.empty(GRID)
    around = {
        (row, column): (slice(max(0, row - 3), row + 4), slice(max(0, column - 3), column + 4))
        for row in range(GRID[0])
        for column in range(GRID[1])
    }
    for place, (rows, columns) in around.items():
        means[place] = on_grid[:, rows, columns].mean()
    squares = (on_grid - means) ** 2
    for place, (rows, columns) in around.items():
        spreads[place] = squares[:, rows, columns].mean() + 0.1 * squares.mean()
    np.testing.assert_allclose(means.ravel(), usual, rtol=1e-9)
    np.testing.assert_allclose(spreads.ravel(), variance, rtol=1e-9)


def test_joined_features_stand_side_by_side_on_the_finest_grid():
    fine = PatchFeatures(Filters(), (64, 64))
    coarse = PatchFeatures(Coarse(), (64, 64))
    joined = JoinedFeatures([fine, coarse])
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    found = joined(image)
    assert ((8, 8), [(0, 45), (45, 47)]) == (joined.grid, joined.spans)
    assert [*range(45), 45, 45] == joined.groups.tolist()
    assert torch.equal(fine(image), found[:, :, :45])
    assert (2, 64, 47) == tuple(found.shape)
    assert 1 == len(found[:, :, 46].unique())


class Coarse(Filters):
    scale_by_channel = False

    def forward(self, image):
        return [torch.ones(len(image), 2, 2, 2)]


@pytest.mark.parametrize(
    ("features", "count"),
    [
        (FeaturesConfig(), 4),
        (FeaturesConfig(backbone="dictionary"), 2),
        (FeaturesConfig(backbone="test_resnet", weights="random", layers=("layer1",)), 4),
    ],
    ids=["filters", "dictionary", "backbone"],
)
def test_each_kind_of_features_gives_two_members_in_one_graph(features, count, fit, textures):
    graph = fit(Dictionary(features=features, dimensions=8, bank_size=50), textures(3))
    assert (count, "dictionary") == (graph.info["members"], graph.info["dictionary"]["backbone"])
    assert features.backbone == graph.info["features"]["backbone"]
    assert max(graph.info["parity"].values()) < 1e-4
    assert "standard deviations" in graph.info["score_unit"]


def test_the_budget_bounds_the_images_in_use_spread_over_all(fit, textures):
    small = Dictionary(dimensions=8, bank_size=50, memory_budget_mb=0.2)
    graph = fit(small, textures(12))
    per_image = 64 * 181 * 4
    assert int(0.2 * MIB) // per_image == graph.info["images_in_use"] < 12
    assert (
        2
        == fit(Dictionary(dimensions=8, bank_size=50, memory_budget_mb=1e-3), textures(4)).info[
            "images_in_use"
        ]
    )


def test_one_image_is_said_to_calibrate_itself(fit, textures):
    detector = Dictionary(dimensions=8, bank_size=50)
    assert "the one train image itself" == fit(detector, textures(1)).info["calibrated_on"]
    assert "held-out train images" == fit(detector, textures(2)).info["calibrated_on"]


def test_the_ensemble_keeps_the_contract(textures):
    check_detector(Dictionary(dimensions=8, bank_size=50), textures(4))


def test_it_is_the_default_where_nothing_is_named(tmp_path):
    assert Dictionary() == create_detector(ModelConfig(), tmp_path)


def test_predicted_memory_grows_with_the_images_up_to_the_budget(fit, textures):
    detector = Dictionary()
    assert isinstance(detector, MemoryPredicting)
    few, more, most = (detector.predict_memory(count, (256, 256)) for count in (100, 800, 8000))
    assert few.fit_mb < more.fit_mb == most.fit_mb
    actual = len(fit(detector, textures(32)).model) / MIB
    assert pytest.approx(actual, rel=0.3) == detector.predict_memory(32, (64, 64)).model_mb
