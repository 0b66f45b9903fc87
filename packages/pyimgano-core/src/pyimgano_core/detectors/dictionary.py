"""An ensemble of anomaly maps that needs no weights: learned and fixed features, each rated in two ways.

A dictionary of patches learned from the train images, and the configured features beside it (the fixed
filters, where nothing else is named), are each rated by a Gaussian per position, as PaDiM does, and by the
nearest neighbour, as PatchCore does. No published method as a whole; each part is one: Coates and Ng,
"Learning Feature Representations with K-means", 2012; arXiv:2011.08785 (PaDiM); arXiv:2106.08265 (PatchCore).
What makes the mean of such different distances meaningful is that each is calibrated first: a distance
counts in standard deviations, around its position, of normal images that the member has not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field
from attrs.validators import and_, ge, gt, instance_of, le

from pyimgano_core.contracts.config import FeaturesConfig
from pyimgano_core.detectors._rating import SCORE_FRACTION, SMOOTHING
from pyimgano_core.detectors.fitting import torch_part
from pyimgano_core.detectors.memory import BYTES, MIB, FeaturesShape, describe_features, estimate
from pyimgano_core.detectors.padim import Padim
from pyimgano_core.detectors.registry import DICTIONARY
from pyimgano_core.words import images_in_words

if TYPE_CHECKING:
    from pyimgano_core.detectors.contract import ImageSource, MemoryEstimate, ScorerGraph
    from pyimgano_core.progress import Progress

CANDIDATES = 10_000  # patches that a bank is chosen from


@define(frozen=True, kw_only=True)
class Dictionary:
    """A dictionary and other features, Gaussians and nearest neighbours, in one ensemble.

    `features` stand beside the dictionary; with the backbone `dictionary` there is none beside it.
    `dimensions` of each kind of features, chosen at random, make the Gaussians, of whose covariances `rank`
    directions are kept. `bank_size` patches are remembered for the nearest neighbour. The fit holds patches
    of as many images as fit in `memory_budget_mb` (of 2^20 bytes), spread evenly over all, and of two at
    least. `smoothing` is the map's Gaussian in input pixels (standard deviation). `score_fraction` of the
    patches, those of the highest values, are averaged to the score; 0 takes the highest.
    """

    features: FeaturesConfig = field(factory=FeaturesConfig, validator=instance_of(FeaturesConfig))
    dimensions: int = field(default=100, validator=ge(1))
    rank: int = field(default=12, validator=ge(1))
    bank_size: int = field(default=2000, validator=and_(ge(1), le(CANDIDATES)))
    memory_budget_mb: float = field(default=256.0, validator=gt(0.0))
    smoothing: float = field(default=4.0, validator=SMOOTHING)
    score_fraction: float = field(default=0.0, validator=SCORE_FRACTION)

    @property
    def kinds(self) -> tuple[FeaturesConfig, ...]:
        """The kinds of features in the ensemble."""
        own = FeaturesConfig(backbone=DICTIONARY)
        return (own,) if self.features.backbone == DICTIONARY else (own, self.features)

    @property
    def gaussian(self) -> Padim:
        """How the Gaussians are estimated."""
        return Padim(dimensions=self.dimensions, rank=self.rank)

    def image_limit(self, positions: int, channels: int) -> int:
        """Return of how many images the patches are held, of so many positions and channels each."""
        return max(2, int(self.memory_budget_mb * MIB) // (BYTES * positions * channels))

    def fit(self, images: ImageSource, *, seed: int, device: str, progress: Progress) -> ScorerGraph:
        """Learn the dictionary, fit and calibrate the members; see `Detector.fit`."""
        fit = torch_part("dictionary", "fit_dictionary")
        return fit(self, images, seed=seed, device=device, progress=progress)

    def predict_memory(self, image_count: int, size: tuple[int, int]) -> MemoryEstimate:
        """Estimate what a fit needs; see `MemoryPredicting.predict_memory`."""
        shapes = [describe_features(kind, size) for kind in self.kinds]
        positions, channels = (
            max(shape.positions for shape in shapes),
            sum(shape.channels for shape in shapes),
        )
        held = min(image_count, self.image_limit(positions, channels))
        vectors = BYTES * held * positions * channels
        learnt = sum(self._learnt_bytes(held, positions, shape.channels) for shape in shapes)
        return estimate(
            FeaturesShape(
                positions=positions, channels=channels, constants=sum(shape.constants for shape in shapes)
            ),
            fitting=2 * vectors + BYTES * positions * self.dimensions**2 + learnt,
            learnt=learnt,
            what=f"patches of {images_in_words(held)}, {positions} each of {channels} channels",
        )

    def _learnt_bytes(self, images: int, positions: int, channels: int) -> int:
        calibration = 2 * 2 * positions
        bank = channels * min(self.bank_size, images * positions)
        return self.gaussian.learnt_bytes(positions, channels) + BYTES * (bank + calibration)
