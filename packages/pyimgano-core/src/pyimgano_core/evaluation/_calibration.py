"""From scored normal images to the thresholds that decide, and to what these images looked like."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from pyimgano_core.drift import quantities_of, reference_sample
from pyimgano_core.evaluation._thresholds import DeployedThresholds
from pyimgano_core.regions import highest_level
from pyimgano_core.thresholds import calibrate, review_band
from pyimgano_core.words import agree

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pyimgano_core.contracts.config import ThresholdConfig
    from pyimgano_core.contracts.drift import ReferenceSample
    from pyimgano_core.contracts.threshold import Threshold
    from pyimgano_core.scoring.files import ScoredImage
    from pyimgano_core.thresholds import CalibrationOrigin

_LEVEL = 0.95


class CalibrationScores:
    """What a calibration keeps of its images; maps pass by.

    Args:
        rule: how thresholds are to come from the images.
    """

    def __init__(self, rule: ThresholdConfig) -> None:
        self._rule = rule
        self._levels: list[float] = []
        self._quantities: dict[str, list[float]] = defaultdict(list)
        self._n_too_small = 0  # of fewer pixels than a region needs

    def __len__(self) -> int:
        return len(self._levels)

    def add(self, scored: ScoredImage) -> None:
        """Add a normal image.

        Raises:
            MachineError: scikit-image is not installed, and regions have a minimum area.
        """
        area = self._rule.pixel_minimum_area
        self._levels.append(highest_level(scored.anomaly_map, area))
        self._n_too_small += scored.pixel_count < area
        for name, value in quantities_of(scored.score, scored.statistics, scored.size).items():
            self._quantities[name].append(value)

    def thresholds(self, origin: CalibrationOrigin, *, level: float = _LEVEL) -> DeployedThresholds:
        """Return the thresholds.

        Args:
            origin: what is known of the images.
            level: what the intervals of rates cover.
        """
        scores = np.array(self._quantities["score"], np.float32)  # as the graph gave them
        levels = np.array(self._levels, np.float32)
        found = calibrate_thresholds(scores, levels, self._rule, origin, level=level)
        if not self._n_too_small:
            return found
        warning = (
            f"{self._n_too_small} of {len(levels)} calibration images "
            f"{agree(self._n_too_small, 'has', 'have')} fewer pixels than "
            f"threshold.pixel_minimum_area = {self._rule.pixel_minimum_area}: no region there can count"
        )
        return evolve(found, pixel=_warned(found.pixel, warning))

    def count_flagged(self, threshold: Threshold) -> int | None:
        """Return how many images a threshold flags, or their maps; None where it has no value."""
        value = threshold.value
        is_of_images = threshold.provenance.score_source == "image_score"
        scores = self._quantities["score"] if is_of_images else self._levels
        return None if value is None else sum(score >= value for score in scores)

    def reference(self) -> dict[str, ReferenceSample]:
        """Return what the images looked like, by quantity; nothing without images."""
        samples = {name: reference_sample(values) for name, values in self._quantities.items()}
        return {name: sample for name, sample in samples.items() if sample is not None}


def calibrate_thresholds(
    scores: ArrayLike,
    levels: ArrayLike,
    rule: ThresholdConfig,
    origin: CalibrationOrigin,
    *,
    level: float = _LEVEL,
) -> DeployedThresholds:
    """Return the image, the pixel and, where the rule has a review band, the review threshold.

    Args:
        scores: (N,) of calibration normals.
        levels: (N,) of their maps, `regions.highest_level` with the rule's minimum area; (0,) for no maps.
        rule: how thresholds come from these.
        origin: what is known of the images.
        level: what the intervals of rates cover.
    """
    image = calibrate(scores, rule, origin, level=level)
    pixel = calibrate(
        levels,
        rule,
        origin,
        score_source="map_maximum" if rule.pixel_minimum_area == 1 else "region_maximum",
        value=rule.pixel_value,
        minimum_area=rule.pixel_minimum_area,
        level=level,
    )
    review = None
    if rule.review is not None:
        review = review_band(image, calibrate(scores, rule.review, origin, level=level))
    return DeployedThresholds(image=image, pixel=pixel, review=review)


def _warned(threshold: Threshold, warning: str) -> Threshold:
    origin = threshold.provenance
    return evolve(threshold, provenance=evolve(origin, warnings=(*origin.warnings, warning)))
