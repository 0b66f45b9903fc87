"""Subspace: what the leading principal components of normal patches leave of each patch.

The reconstruction error of features by a PCA of the normal ones, as in Ahuja et al., "Probabilistic Modeling
of Deep Features for Out-of-Distribution and Adversarial Detection", 2019, arXiv:1909.11786, and for maps in
Ndiour et al., "FRE: A Fast Method For Anomaly Detection And Segmentation", 2022, arXiv:2211.12650.
Departures: one PCA for the patches of all positions and layers together, each layer scaled to unit variance.
The fit needs sums only, so that new images can be added without the old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field
from attrs.validators import and_, gt, instance_of, lt

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors._rating import SCORE_FRACTION, SMOOTHING
from pyimgano_core.detectors.fitting import torch_part
from pyimgano_core.detectors.memory import BYTES, describe_features, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pyimgano_core.detectors.contract import ImageSource, MemoryEstimate, ScorerGraph
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class Subspace:
    """Principal components of the patches of all positions.

    As many components are kept as explain the share `variance` of the variance. `smoothing` is the map's
    Gaussian in input pixels (standard deviation). `score_fraction` of the patches, the farthest, are averaged
    to the score; 0 takes the farthest.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig, validator=instance_of(FeaturesConfig))
    variance: float = field(default=0.98, validator=and_(gt(0.0), lt(1.0)))
    smoothing: float = field(default=4.0, validator=SMOOTHING)
    score_fraction: float = field(default=0.02, validator=SCORE_FRACTION)

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Find the components; see `Detector.fit`."""
        fit = torch_part("subspace", "fit_subspace")
        return fit(self, images, state=None, seed=seed, device=device, progress=progress)

    def update(
        self,
        state: Mapping[str, NDArray[Any]],
        images: ImageSource,
        *,
        seed: int,
        device: str,
        progress: Progress,
    ) -> ScorerGraph:
        """Add images to those of an earlier fit; see `Updatable.update`."""
        fit = torch_part("subspace", "fit_subspace")
        return fit(self, images, state=state, seed=seed, device=device, progress=progress)

    def predict_memory(self, image_count: int, size: tuple[int, int]) -> MemoryEstimate:  # noqa: ARG002 none more
        """Estimate what a fit needs, whatever the number of images; see `MemoryPredicting.predict_memory`."""
        features = describe_features(self.features, size)
        square = BYTES * features.channels**2
        return estimate(
            features,
            fitting=8 * square,  # sums, covariance, its eigenvectors and room for them, in double precision
            learnt=square // 2,  # what is spanned or what is left, whichever is smaller
            what=f"at most {features.channels} components of {features.channels} dimensions",
        )
