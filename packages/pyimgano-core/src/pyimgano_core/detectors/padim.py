"""PaDiM: Mahalanobis distance of each patch to the Gaussian of normal patches at its position.

Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization", 2021,
arXiv:2011.08785. Departures: features are averaged over 3x3 patches; a Gaussian describes all patches in a
small neighbourhood, so that parts may shift a little and few images suffice; the covariance's regularisation
is relative to the features' variance, so that it suits any features; the covariance is kept as its leading
directions plus that isotropic term, which keeps the model small (whole ones, as published, and a shared one
are options).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import define, field
from attrs.validators import ge, gt, instance_of

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors._rating import SCORE_FRACTION, SMOOTHING
from pyimgano_core.detectors.fitting import torch_part
from pyimgano_core.detectors.memory import BYTES, describe_features, estimate

if TYPE_CHECKING:
    from pyimgano_core.detectors.contract import ImageSource, MemoryEstimate, ScorerGraph
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Padim:
    """A Gaussian for every position.

    `dimensions` of the features are kept, chosen at random. A Gaussian describes the patches of
    `neighbourhood` by `neighbourhood` positions around its own, an odd number. `regularization` is added to
    the covariance's diagonal, in units of the features' mean variance. `covariance` says what is kept of the
    covariances: `low_rank` keeps `rank` directions of each, `full` all of each, and `shared` one covariance
    for all positions, the mean of theirs. `smoothing` is the map's Gaussian in input pixels (standard
    deviation). `score_fraction` of the patches, the farthest, are averaged to the score; 0 takes the
    farthest.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig, validator=instance_of(FeaturesConfig))
    dimensions: int = field(default=200, validator=ge(1))
    neighbourhood: int = field(default=3, validator=ge(1))
    regularization: float = field(default=1.0, validator=gt(0.0))
    covariance: Literal["low_rank", "full", "shared"] = "low_rank"
    rank: int = field(default=32, validator=ge(1))
    smoothing: float = field(default=4.0, validator=SMOOTHING)
    score_fraction: float = field(default=0.0, validator=SCORE_FRACTION)

    @neighbourhood.validator
    def _has_a_middle(self, _attribute: object, value: int) -> None:
        if value % 2 == 0:
            raise ValueError(f"'neighbourhood' must be an odd number, not {value}")

    def learnt_bytes(self, positions: int, channels: int) -> int:
        """Return the size of the means and covariances for so many positions and channels of features."""
        dimensions = min(self.dimensions, channels)
        matrices = {
            "low_rank": positions * min(self.rank, dimensions),
            "full": positions * dimensions,
            "shared": dimensions,
        }
        return BYTES * dimensions * (positions + matrices[self.covariance])

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Estimate the Gaussians; see `Detector.fit`."""
        fit = torch_part("padim", "fit_padim")
        return fit(self, images, seed=seed, device=device, progress=progress)

    def predict_memory(self, image_count: int, size: tuple[int, int]) -> MemoryEstimate:  # noqa: ARG002 none more
        """Estimate what a fit needs, whatever the number of images; see `MemoryPredicting.predict_memory`."""
        features = describe_features(self.features, size)
        dimensions = min(self.dimensions, features.channels)
        gathered = dimensions * (1 if self.covariance == "shared" else features.positions)
        learnt = self.learnt_bytes(features.positions, features.channels)
        return estimate(
            features,
            fitting=BYTES * dimensions * gathered + 2 * learnt,
            learnt=learnt,
            what=f"Gaussians of {dimensions} dimensions at {features.positions} positions "
            f"(covariance {self.covariance!r})",
        )
