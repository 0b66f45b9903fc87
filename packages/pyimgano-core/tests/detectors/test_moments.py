import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pyimgano_core.detectors.torch_parts.moments import GridMoments, SharedMoments


def draw(count, grid, channels, seed):
    values = np.random.default_rng(seed).normal(3, 2, (count, grid[0] * grid[1], channels))
    return [torch.from_numpy(image.astype(np.float32)) for image in values]


@settings(max_examples=20)
@given(
    count=st.integers(1, 20),
    grid=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    neighbourhood=st.sampled_from([1, 3, 5, 10**30 + 1]),
    seed=st.integers(0, 1000),
)
def test_shared_moments_are_the_means_of_those_of_the_grid(count, grid, neighbourhood, seed):
    images = draw(count, grid, 3, seed)
    by_position, shared = (kind(images, grid, neighbourhood) for kind in (GridMoments, SharedMoments))
    rows = list(by_position.rows())
    torch.testing.assert_close(torch.cat([mean for mean, _ in rows]), shared.means, rtol=1e-4, atol=1e-4)
    covariances = torch.cat([covariance for _, covariance in rows])
    torch.testing.assert_close(covariances.mean(dim=0), shared.covariance, rtol=1e-3, atol=1e-3)
    for one, other in zip(by_position.variances(), shared.variances(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", [GridMoments, SharedMoments])
def test_the_first_variance_is_that_of_all_vectors(kind):
    images = draw(18, (3, 2), 4, 5)
    total, _ = kind(images, (3, 2), 3).variances()
    expected = torch.cat(images).double().var(dim=0, correction=0)
    torch.testing.assert_close(expected, total, rtol=1e-4, atol=0)
