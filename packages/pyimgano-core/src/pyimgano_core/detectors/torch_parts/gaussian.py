"""Mahalanobis distance of patches to Gaussians, with the covariance kept in three forms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyimgano_core.errors import ConfigError


class Gaussian(nn.Module):
    """Distance of patch vectors to a mean per position, in units where the isotropic part is 1.

    The covariance in these units is S + I, S being that of the images and I the regularisation.

    Args:
        dimensions: (D,) the channels in use.
        scale: (D,) what they are multiplied with.
        mean: (P, D) means, scaled alike.
        factor: what the form of the covariance needs.
    """

    dimensions: Tensor
    scale: Tensor
    mean: Tensor
    factor: Tensor

    def __init__(self, dimensions: Tensor, scale: Tensor, mean: Tensor, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("dimensions", dimensions)
        self.register_buffer("scale", scale)
        self.register_buffer("mean", mean)
        self.register_buffer("factor", factor)

    def forward(self, patches: Tensor) -> Tensor:
        """Return distances (N, P) of patch vectors (N, P, C)."""
        chosen = patches.mT.index_select(
            1, self.dimensions
        ).mT.contiguous()  # (N, P, D); whole maps are faster
        offset = chosen * self.scale - self.mean
        return self.squared(offset).clamp(min=0).sqrt()

    def squared(self, offset: Tensor) -> Tensor:
        """Return squared distances (N, P) of scaled offsets (N, P, D) from the mean."""
        raise NotImplementedError


class LowRankGaussian(Gaussian):
    """The leading directions of S for each position: S = V diag(l) V'.

    The inverse of S + I is I - A A' with `factor` A = V diag(sqrt(l / (l + 1))) (P, D, R), so no large matrix
    has to be stored.
    """

    def squared(self, offset: Tensor) -> Tensor:
        """Return squared distances (N, P) of scaled offsets (N, P, D) from the mean."""
        along = offset.transpose(0, 1) @ self.factor  # (P, N, R)
        return offset.square().sum(dim=2) - along.square().sum(dim=2).transpose(0, 1)


class FullGaussian(Gaussian):
    """The whole S for each position; `factor` (P, D, D) whitens, see `whitening`."""

    def squared(self, offset: Tensor) -> Tensor:
        """Return squared distances (N, P) of scaled offsets (N, P, D) from the mean."""
        return (offset.transpose(0, 1) @ self.factor).square().sum(dim=2).transpose(0, 1)


class SharedGaussian(Gaussian):
    """One S for all positions; `factor` (D, D) whitens, see `whitening`."""

    def squared(self, offset: Tensor) -> Tensor:
        """Return squared distances (N, P) of scaled offsets (N, P, D) from the mean."""
        return (offset @ self.factor).square().sum(dim=2)


def leading_directions(covariance: Tensor, rank: int) -> Tensor:
    """Return A (..., D, R) of `LowRankGaussian` for covariances S (..., D, D)."""
    values, vectors = torch.linalg.eigh(covariance)  # ascending
    values = values[..., -rank:].clamp(min=0)  # (..., R)
    directions: Tensor = vectors[..., -rank:] * (values / (values + 1)).sqrt()[..., None, :]
    return directions


def whitening(covariance: Tensor) -> Tensor:
    """Return W (..., D, D) with W W' the inverse of S + I, for covariances S (..., D, D).

    Raises:
        ConfigError: the unit that I stands for is lost in the rounding of S.
    """
    identity = torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
    lower, failed = torch.linalg.cholesky_ex(covariance + identity)
    if bool(failed.any()):
        reason = "is too small: it is lost in the rounding of the features; name a larger one"
        raise ConfigError([f"$.model.options.regularization: {reason}"])
    inverse: Tensor = torch.linalg.solve_triangular(lower, identity.expand_as(lower), upper=False)
    return inverse.mT
