"""The fit of the subspace detector: sums over all patches, and the directions in which they vary most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from attrs import evolve
from torch import Tensor, nn

from pyimgano_core.detectors.torch_parts.device import fitting
from pyimgano_core.detectors.torch_parts.export import LEARNT, export_scorer
from pyimgano_core.detectors.torch_parts.features import build_patch_features
from pyimgano_core.detectors.torch_parts.moments import smallest_variance
from pyimgano_core.detectors.torch_parts.patches import group_deviations, iterate_patches
from pyimgano_core.detectors.torch_parts.scorer import build_scorer
from pyimgano_core.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.detectors.subspace import Subspace
    from pyimgano_core.detectors.torch_parts.features import PatchFeatures
    from pyimgano_core.progress import Progress


class Residual(nn.Module):
    """Length of what the components leave of a patch vector.

    What the components span, and what they leave, has an orthonormal basis each; the smaller one is enough.

    Args:
        scale: (C,) what patch vectors are multiplied with.
        center: (C,) what is subtracted then.
        directions: (K, C) orthonormal.
        left: whether these span what the components leave; else they are the components.
    """

    scale: Tensor
    center: Tensor
    directions: Tensor

    def __init__(self, scale: Tensor, center: Tensor, directions: Tensor, *, left: bool) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("center", center)
        self.register_buffer("directions", directions)
        self.left = left

    @property
    def components(self) -> int:
        """How many components there are."""
        count, channels = self.directions.shape
        return channels - count if self.left else count

    def extra_repr(self) -> str:
        """Return what the exported graph depends on apart from the buffers."""
        return f"left={self.left}"

    def forward(self, patches: Tensor) -> Tensor:
        """Return distances (N, P) of patch vectors (N, P, C)."""
        offset = (patches * self.scale - self.center).flatten(0, 1)  # (N * P, C)
        along = nn.functional.linear(offset, self.directions)  # (N * P, K)
        residual = along if self.left else offset - along @ self.directions
        return residual.square().sum(dim=1).sqrt().reshape(-1, patches.shape[1])


class _Sums:
    """Count, sum (C,) and sum of outer products (C, C) of patch vectors, in double precision."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self.count = 0
        self.first = torch.zeros(channels, dtype=torch.float64, device=device)
        self.second = torch.zeros(channels, channels, dtype=torch.float64, device=device)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Begin with those of an earlier state."""
        self.count += int(state["count"])
        self.first += torch.from_numpy(state["sum"]).to(self.first)
        self.second += torch.from_numpy(state["outer"]).to(self.second)

    def add(self, images: Iterable[Tensor]) -> None:
        """Add the vectors (P, C) of each image."""
        for image in images:
            vectors = image.double()
            self.count += len(vectors)
            self.first += vectors.sum(dim=0)
            self.second += vectors.T @ vectors

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the sums as arrays."""
        return {
            "count": np.array(self.count, np.int64),
            "sum": self.first.cpu().numpy(),
            "outer": self.second.cpu().numpy(),
        }


def fit_subspace(
    options: Subspace,
    images: ImageSource,
    *,
    state: Mapping[str, NDArray[Any]] | None,
    seed: int,
    device: str,
    progress: Progress,
) -> ScorerGraph:
    """Fit `options` to `images`, and to those of `state` too; see `Detector.fit` and `Updatable.update`."""
    with fitting(device) as (target, clock):
        patches = build_patch_features(options.features, images, seed=seed, device=target, progress=progress)
        sums = _Sums(patches.channels, target)
        if state is not None:
            _check_state(state, sums.state() | _learnt_features(patches))
            _restore_features(patches, state)
            sums.restore(state)
        sums.add(iterate_patches(images, patches, target, progress))
        clock.lap("features")
        head = _residual(sums, patches.groups, options.variance)
        scorer = build_scorer(options, patches, head, images.size)
        clock.lap("components")
    info = {
        "features": patches.features.info,
        "device": str(target),
        "score_unit": "length of what normal patches leave of a feature vector, its layers of unit variance",
        "components": head.components,
        "dimensions": patches.channels,
        "patches": sums.count,
    }
    graph = export_scorer(scorer, detector="subspace", info=info, clock=clock, progress=progress)
    return evolve(graph, state=sums.state() | _learnt_features(patches))


def _learnt_features(patches: PatchFeatures) -> dict[str, NDArray[Any]]:
    """Return what the features learned from the first images; the sums hold for these features alone."""
    tensors = patches.state_dict().items()
    return {name: tensor.cpu().numpy().copy() for name, tensor in tensors if LEARNT in f".{name}"}


def _restore_features(patches: PatchFeatures, state: Mapping[str, NDArray[Any]]) -> None:
    learnt = {name: torch.from_numpy(state[name]) for name in _learnt_features(patches)}
    patches.load_state_dict(learnt, strict=False)


def _check_state(state: Mapping[str, NDArray[Any]], like: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a state that has other arrays than `like`, or of other shapes or types.

    Raises:
        ArtifactError: with the names.
    """
    wrong = [
        name
        for name in sorted({*state, *like})
        if name not in state
        or name not in like
        or (state[name].shape, state[name].dtype) != (like[name].shape, like[name].dtype)
    ]
    if wrong:
        raise ArtifactError(
            f"the state is not that of 'subspace' with these features ({', '.join(wrong)} missing or of "
            "another shape); update with the settings of the first fit"
        )


def _residual(sums: _Sums, groups: Tensor, variance: float) -> Residual:
    """Scale the channels by their groups' deviation; keep directions up to this share of the variance."""
    mean = sums.first / sums.count
    covariance = sums.second / sums.count - torch.outer(mean, mean)
    variances = covariance.diagonal().maximum(smallest_variance(mean))
    scale = 1 / group_deviations(variances, groups)
    values, vectors = torch.linalg.eigh(covariance * torch.outer(scale, scale))  # ascending
    shares = values.clamp(min=0).flip(0).cumsum(0)  # of the variance, of the first 1, 2, ... directions
    below = int((shares < variance * shares[-1]).sum())
    count = max(1, min(below + 1, len(mean) - 1))  # something must be left
    components, others = vectors.flip(1).T.split([count, len(mean) - count])  # (K, C), (C - K, C)
    left = len(others) < len(components)
    directions = (others if left else components).contiguous()
    return Residual(scale.float(), (mean * scale).float(), directions.float(), left=left)
