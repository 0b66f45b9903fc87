"""What images looked like at calibration, and how far those of a run are from it."""

from __future__ import annotations

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, instance_of, min_len

MOST_VALUES = 500


@define(frozen=True, kw_only=True)
class ImageStatistics:
    """Simple facts of an image as the model sees it: RGB at the size at which it is scored.

    `brightness` is the mean of its luma (ITU-R BT.601), 0 to 255; `sharpness` the variance of the Laplacian
    (4 neighbours) of its luma. Both are of what lies in the region of interest, to 6 significant digits.
    """

    brightness: float
    sharpness: float


@define(frozen=True, kw_only=True)
class ReferenceSample:
    """One quantity over the calibration normals: `count` values, of which at most 500 are kept.

    `values` rise. Where there were more, they are the order statistics at evenly spaced ranks, the lowest and
    the highest among them.
    """

    count: int = field(validator=ge(1))
    values: tuple[float, ...] = field(validator=and_(min_len(1), deep_iterable(instance_of(float))))


@define(frozen=True, kw_only=True)
class DriftedQuantity:
    """How one quantity of a run compares with its reference.

    `statistic` is the largest distance of the two empirical distribution functions and `p_value` that of the
    two-sample Kolmogorov-Smirnov test, which takes the images as independent. `effect` is Cliff's delta: how
    often an image of the run is above one of the reference, less how often it is below, -1 to 1. `drifted` is
    whether both say so: a p-value below 0.001 and an effect of at least 0.33 to either side, or a distance of
    at least 0.33.
    """

    category: str
    quantity: str
    test: str = "two-sample Kolmogorov-Smirnov"
    statistic: float
    p_value: float
    effect: float
    effect_name: str = "Cliff's delta"
    count: int
    reference_count: int
    drifted: bool
