import numpy as np
import pytest
import torch

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.torch_parts import export
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.features._dictionary import _cluster, _learn
from pyimgano_core.errors import DataError
from pyimgano_core.progress import SilentProgress
from pyimgano_core.testing import ArrayImages, check_detector

DICTIONARY = FeaturesConfig(backbone="dictionary")


def build(images, seed=0):
    source = ArrayImages(images)
    device = torch.device("cpu")
    return build_patch_features(DICTIONARY, source, seed=seed, device=device, progress=SilentProgress())


@pytest.mark.parametrize("size", [(64, 96), (61, 67), (32, 33)], ids=str)
def test_any_size_gives_finite_vectors_on_a_grid_of_8(textures, size):
    images = textures(3, height=size[0], width=size[1])
    patches = build(images)
    assert (-(-size[0] // 8), -(-size[1] // 8)) == patches.grid
    found = patches(torch.from_numpy(images))
    assert (3, patches.grid[0] * patches.grid[1], patches.channels) == tuple(found.shape)
    assert found.isfinite().all()


def test_it_is_learned_from_the_images_and_drawn_by_the_seed(textures):
    query = torch.from_numpy(textures(1, seed=9))
    first = build(textures(4))(query)
    assert torch.equal(first, build(textures(4))(query))
    assert not torch.equal(first, build(textures(4), seed=1)(query))
    assert not torch.equal(first, build(textures(4, seed=1))(query))


def test_no_images_are_refused(textures):
    with pytest.raises(DataError, match="there are no train images"):
        build(textures(0))


def slow_codes(level, pixels):
    """Return the distances and the contrast of one patch (3, k, k), as the paper has them."""
    values = pixels.astype(np.float64)
    centred = values - values.mean()
    contrast = np.sqrt(centred.var() + 100)
    kernels = level.kernels.numpy().astype(np.float64).reshape(len(level.kernels), -1)
    white = kernels @ (centred.ravel() / contrast) - level.offset.numpy().ravel()
    atoms = level.atoms.numpy().astype(np.float64)[:, :, 0, 0]
    return np.linalg.norm(atoms - white, axis=1), contrast


def test_a_code_is_how_much_nearer_than_the_average_an_atom_is_averaged_over_its_cell(textures):
    images = textures(4)
    features = build(images).features
    (found,) = features(torch.from_numpy(images[:1]))  # (1, 136, 8, 8)
    pixels = images[0].transpose(2, 0, 1)
    starts = [(row, column) for row in range(24, 32, 2) for column in range(16, 24, 2)]  # cell (3, 2)
    patches = [
        slow_codes(features.learnt[0], pixels[:, row - 2 : row + 3, column - 2 : column + 3])
        for row, column in starts
    ]
    codes = np.mean([np.maximum(d.mean() - d, 0) for d, _ in patches], axis=0)  # (64,)
    novelty = np.log([(d.min() + 1e-3, contrast) for d, contrast in patches])
    expected = np.concatenate([codes, novelty.mean(axis=0), novelty.max(axis=0)])
    # the oracle does not set to zero what is below a hundredth
    np.testing.assert_allclose(expected, found[0, : len(expected), 3, 2].numpy(), atol=0.02)


def test_whitened_patches_have_equal_variance_and_no_correlation():
    random = np.random.default_rng(0)
    mixed = random.normal(size=(4000, 20)) @ random.normal(size=(20, 75)) * 20
    level = _learn(torch.from_numpy(mixed).float(), torch.Generator().manual_seed(0))
    centred = mixed - mixed.mean(axis=1, keepdims=True)
    normalised = centred / np.sqrt(centred.var(axis=1, keepdims=True) + 100)
    white = (
        normalised @ level.kernels.numpy().reshape(len(level.kernels), -1).T - level.offset.numpy().ravel()
    )
    covariance = white.T @ white / len(white)
    varied = covariance.diagonal() > 0.5
    assert 20 >= varied.sum() >= 15
    inside = covariance[np.ix_(varied, varied)]
    np.testing.assert_allclose(np.eye(len(inside)), inside, atol=0.15)


def test_centres_of_k_means_are_the_means_of_what_is_nearest_to_them():
    random = np.random.default_rng(1)
    spots = random.normal(size=(3, 8)) * 50
    points = np.concatenate([spot + random.normal(size=(50, 8)) * 1e-3 for spot in spots])
    centres = _cluster(torch.from_numpy(points).float(), torch.Generator().manual_seed(0)).numpy()
    distances = np.linalg.norm(centres[:, None] - spots[None], axis=2)
    assert distances.min(axis=1).max() < 0.01
    assert {0, 1, 2} == set(distances.argmin(axis=1))


def test_a_second_fit_with_exchanged_constants_is_as_if_exported_anew(fit, textures, monkeypatch):
    detector = Padim(features=DICTIONARY, dimensions=12)
    other = fit(detector, textures(4, seed=1))
    exchanged = fit(detector, textures(4, seed=2))
    monkeypatch.setattr(export, "_template", export._template.__wrapped__)
    assert fit(detector, textures(4, seed=2)).model == exchanged.model != other.model


def test_a_detector_on_learned_features_keeps_the_contract(textures):
    check_detector(Padim(features=DICTIONARY, dimensions=12), textures(3))
