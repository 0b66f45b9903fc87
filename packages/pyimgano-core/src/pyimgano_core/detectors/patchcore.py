"""PatchCore: distance of each patch to the nearest of a memory bank of normal patches.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022, arXiv:2106.08265. Departures:
each layer is scaled to unit variance, so that none dominates the distance; the bank's size follows from a
budget of bytes; an image's score is the mean of its farthest 2 % of patches, where the paper re-weights the
single farthest (`reweight_neighbours`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field
from attrs.validators import and_, ge, gt, instance_of, le, optional

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors._rating import SCORE_FRACTION, SMOOTHING
from pyimgano_core.detectors.fitting import torch_part
from pyimgano_core.detectors.memory import BYTES, MIB, describe_features, estimate

if TYPE_CHECKING:
    from pyimgano_core.detectors.contract import ImageSource, MemoryEstimate, ScorerGraph
    from pyimgano_core.progress import Progress


@define(frozen=True, kw_only=True)
class PatchCore:
    """Nearest neighbour in a coreset of normal patches.

    As many patches are remembered as fit in `memory_budget_mb` (of 2^20 bytes), which also bounds the time of
    the search, and with a `coreset_ratio` no more than that share of all train patches. They are chosen from
    at most `candidates` patches, spread evenly over the images, so that memory and time of the fit are
    bounded however many images there are. `smoothing` is the map's Gaussian in input pixels (standard
    deviation). `score_fraction` of the patches, the farthest, are averaged to the score; 0 takes the
    farthest. With `reweight_neighbours` above 0 the score is the paper's instead: the farthest distance,
    weighed by those to so many remembered patches around the nearest one.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig, validator=instance_of(FeaturesConfig))
    memory_budget_mb: float = field(default=8.0, validator=gt(0.0))
    coreset_ratio: float | None = field(default=None, validator=optional(and_(gt(0.0), le(1.0))))
    candidates: int = field(default=40_000, validator=ge(1))
    smoothing: float = field(default=4.0, validator=SMOOTHING)
    score_fraction: float = field(default=0.02, validator=SCORE_FRACTION)
    reweight_neighbours: int = field(default=0, validator=ge(0))

    @reweight_neighbours.validator
    def _weighs_by_several(self, _attribute: object, value: int) -> None:
        if value == 1:
            raise ValueError("'reweight_neighbours' must be 0 for none, or at least 2; not 1")

    def affordable(self, channels: int) -> int:
        """Return how many vectors of so many channels fit into the budget, at least one."""
        return max(1, int(self.memory_budget_mb * MIB) // (BYTES * channels))

    def bank_size(self, patch_count: int, channels: int) -> int:
        """Return how many vectors are remembered of so many train patches."""
        available = min(patch_count, self.candidates)
        wanted = available if self.coreset_ratio is None else round(self.coreset_ratio * patch_count)
        return max(1, min(wanted, self.affordable(channels), available))

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Fill the memory bank; see `Detector.fit`."""
        fit = torch_part("patchcore", "fit_patchcore")
        return fit(self, images, seed=seed, device=device, progress=progress)

    def predict_memory(self, image_count: int, size: tuple[int, int]) -> MemoryEstimate:
        """Estimate what a fit needs; see `MemoryPredicting.predict_memory`."""
        features = describe_features(self.features, size)
        patch_count = image_count * features.positions
        candidates = min(patch_count, self.candidates)
        bank = self.bank_size(patch_count, features.channels)
        learnt = BYTES * features.channels * bank
        return estimate(
            features,
            fitting=BYTES * features.channels * candidates,
            learnt=learnt,
            what=f"{candidates} candidate patches, of which {bank} are remembered ({learnt / MIB:.1f} MB)",
        )
