"""The thresholds of predictions: calibrated on normals, or fixed by the config, or those of the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve
from numpy.typing import NDArray

from pyimgano_core.contracts.issue import Issue, Severity
from pyimgano_core.contracts.threshold import Certificate, Threshold, ThresholdProvenance
from pyimgano_core.evaluation import DeployedThresholds, calibrate_thresholds
from pyimgano_core.images import ScoreMap, fit_interest, lower_outside
from pyimgano_core.predictions._calibration import CalibrationImages
from pyimgano_core.predictions._issues import counted
from pyimgano_core.predictions._maps import MapFinder, StoredMap
from pyimgano_core.regions import highest_level
from pyimgano_core.thresholds import CalibrationOrigin, count_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyimgano_core.contracts.config import ThresholdConfig
    from pyimgano_core.contracts.record import Sample
    from pyimgano_core.predictions._truth import TruthCategory

    Scores = NDArray[np.float32] | NDArray[np.float64]


@define(frozen=True, kw_only=True)
class Calibrator:
    """Calibrates the thresholds of a category on `calibration`.

    Attributes:
        calibration: the images.
        finder: finds their maps.
        level: what the intervals of rates cover.
        interest: the region of interest, (h, w), outside of which maps don't count; None counts all.
        split_sha256: identifies the split of the manifest, where there is one.
    """

    calibration: CalibrationImages
    finder: MapFinder
    level: float
    interest: NDArray[np.bool_] | None = None
    split_sha256: str | None = None

    def thresholds(self, config: ThresholdConfig) -> DeployedThresholds:
        """Return the image, pixel and review thresholds as `config` has them.

        Without a map of every calibration image there is no pixel threshold.
        """
        images = self.calibration
        origin = CalibrationOrigin(
            source=images.source,
            fallback=images.fallback,
            groups=count_groups([s.record.group_id or line.group_id for line, s in images.images]),
            distinct=images.distinct,
            disjoint_from_train=images.disjoint_from_train,
            disjoint_from_test=images.disjoint_from_test,
        )
        scores = as_stored([line.score for line, _ in images.images if line.score is not None])
        levels = as_stored([] if config.method == "fixed" else self._levels(config.pixel_minimum_area))
        return calibrate_thresholds(scores, levels, config, origin, level=self.level).each(self._document)

    def _document(self, threshold: Threshold) -> Threshold:
        is_of_images = threshold.provenance.score_source == "image_score"
        provenance = evolve(
            threshold.provenance,
            calibration_sha256=self.calibration.sha256,
            split_sha256=self.split_sha256,
            score_resolution=None if is_of_images else "image",  # the lines do not tell
        )
        return evolve(threshold, provenance=provenance)

    def _levels(self, minimum_area: int) -> list[float]:
        levels = []
        for line, sample in self.calibration.images:
            found = self.finder.find(line, sample)
            if not isinstance(found, StoredMap):
                return []
            levels.append(float(highest_level(self._looked_at(found, sample), minimum_area)))
        return levels

    def _looked_at(self, stored: StoredMap, sample: Sample) -> ScoreMap:
        """Return the map (H, W), lowered outside the region of interest as those of test images are."""
        values = stored.load()
        if self.interest is None:
            return values
        return lower_outside(values, fit_interest(self.interest, stored.size, sample.image))


def choose_thresholds(
    category: TruthCategory, calibrator: Calibrator, config: ThresholdConfig
) -> tuple[DeployedThresholds, tuple[Issue, ...]]:
    """Return the thresholds, the first that there are of these, and what is wrong with them.

    A `fixed` one of the config; one calibrated on normals that are not tested; the one that all lines of the
    category hold. Else there is none, and its provenance says why.
    """
    calibrated = config.method == "fixed" or calibrator.calibration.images
    lines = [line for line in category.lines if line is not None and line.score is not None]
    held = sorted({line.threshold for line in lines if line.threshold is not None})
    if calibrated or not held:
        return calibrator.thresholds(config), ()
    if len(held) > 1:
        message = (
            f"category {category.name!r}: the lines hold {len(held)} thresholds, so none of them is used"
        )
        issue = counted("EV402", Severity.WARNING, message, [f"{value:g}" for value in held])
        return calibrator.thresholds(config), (issue,)
    image = _held(held[0])
    begins = {line.review_threshold for line in lines}
    review = _held(*begins) if len(begins) == 1 and None not in begins else None
    return evolve(calibrator.thresholds(config), image=image, review=review), ()


def as_stored(values: Sequence[float]) -> Scores:
    """Return (N,) scores as float32 where that holds each of them, as it does of detectors, else as float64.

    The threshold of an order statistic is the next number above a score, and so depends on the type.
    """
    wide = np.array(values, np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    return narrow if np.array_equal(narrow, wide) else wide


def _held(value: float | None) -> Threshold:
    """Return a threshold that came with the predictions: how it was set is not known here."""
    certificate = Certificate(reason="no_calibration_images")
    provenance = ThresholdProvenance(
        method="fixed", requested="fixed", source="predictions", certificate=certificate
    )
    return Threshold(value=value, provenance=provenance)
