"""PatchCore: distance of each patch to the nearest of a memory bank of normal patches.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022, arXiv:2106.08265. Departures:
each layer is scaled to unit variance, so that none dominates the distance; an image's score is the mean of
its farthest 2 % of patches, where the paper re-weights the single farthest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field
from attrs.validators import and_, ge, gt, instance_of, le

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors.fitting import torch_part

if TYPE_CHECKING:
    from pyimgano_core.detectors.contract import ImageSource, ScorerGraph
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class PatchCore:
    """Nearest neighbour in a coreset of normal patches.

    `coreset_ratio` of all train patches are remembered, but no more than fit in `memory_budget_mb` (of 2^20
    bytes). They are chosen from at most `candidates` patches, spread evenly over the images, so that memory
    and time are bounded however many images there are. `smoothing` is the map's Gaussian in input pixels
    (standard deviation). `score_fraction` of the patches, the farthest, are averaged to the score; 0 takes
    the farthest.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig, validator=instance_of(FeaturesConfig))
    coreset_ratio: float = field(default=0.1, validator=and_(gt(0.0), le(1.0)))
    memory_budget_mb: float = field(default=16.0, validator=gt(0.0))
    candidates: int = field(default=40_000, validator=ge(1))
    smoothing: float = field(default=4.0, validator=ge(0.0))
    score_fraction: float = field(default=0.02, validator=and_(ge(0.0), le(1.0)))

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Fill the memory bank; see `Detector.fit`."""
        fit = torch_part("patchcore", "fit_patchcore")
        return fit(self, images, seed=seed, device=device, progress=progress)
