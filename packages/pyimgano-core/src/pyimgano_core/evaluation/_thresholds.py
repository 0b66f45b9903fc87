"""The thresholds in use, and how they did on the normal test images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from pyimgano_core.contracts.record import NORMAL
from pyimgano_core.contracts.threshold import Threshold
from pyimgano_core.evaluation._images import are_independent
from pyimgano_core.metrics import observed_rate
from pyimgano_core.regions import flag_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pyimgano_core.contracts.metric import ObservedRate
    from pyimgano_core.contracts.prediction import Prediction


@define(frozen=True, kw_only=True)
class DeployedThresholds:
    """What decides over an image, what sends it to a person, and what decides over a pixel."""

    image: Threshold
    pixel: Threshold
    review: Threshold | None = None

    @property
    def review_value(self) -> float | None:
        """The score that the review band begins at, None without a band."""
        return None if self.review is None else self.review.value

    def each(self, change: Callable[[Threshold], Threshold]) -> DeployedThresholds:
        """Return them with `change` made to each."""
        return DeployedThresholds(
            image=change(self.image),
            pixel=change(self.pixel),
            review=None if self.review is None else change(self.review),
        )


def raises_alarm(
    anomaly_map: NDArray[np.floating], pixel: Threshold, inside: NDArray[np.bool_] | None
) -> bool | None:
    """Return whether a map (H, W) has a region at the pixel threshold; None without such a threshold.

    Only pixels `inside` (H, W) count, where there is a region of interest.
    """
    if pixel.value is None:
        return None
    return bool(flag_pixels(anomaly_map, pixel.value, pixel.minimum_area, inside).any())


def with_test_rates(
    thresholds: DeployedThresholds,
    predictions: Sequence[Prediction],
    map_alarms: Sequence[bool],
    *,
    level: float,
) -> DeployedThresholds:
    """Return the thresholds with the false-positive rate of each on the normal test images.

    Args:
        thresholds: as calibrated.
        predictions: of all test images.
        map_alarms: whether the map of each normal test image that has one raises an alarm.
        level: what the rates' intervals cover.
    """
    normal = [line for line in predictions if line.score is not None and line.y_true == NORMAL]
    rates = {
        name: None if threshold is None else _rate_of(normal, threshold, level)
        for name, threshold in (("image", thresholds.image), ("review", thresholds.review))
    }
    pixel_rate = observed_rate(
        sum(map_alarms), len(map_alarms), level=level, independent=are_independent(normal)
    )
    return DeployedThresholds(
        image=_with_rate(thresholds.image, rates["image"]),
        pixel=_with_rate(thresholds.pixel, pixel_rate),
        review=None if thresholds.review is None else _with_rate(thresholds.review, rates["review"]),
    )


def _rate_of(normal: Sequence[Prediction], threshold: Threshold, level: float) -> ObservedRate | None:
    if threshold.value is None:
        return None
    flagged = sum(line.score is not None and line.score >= threshold.value for line in normal)
    return observed_rate(flagged, len(normal), level=level, independent=are_independent(normal))


def _with_rate(threshold: Threshold, rate: ObservedRate | None) -> Threshold:
    if threshold.value is None:
        return threshold
    return evolve(threshold, provenance=evolve(threshold.provenance, test_rate=rate))
