"""What is measured: a metric's value or the reason for none, the pixel metrics, the confusion matrix."""

from __future__ import annotations

from attrs import define, field
from attrs.validators import ge


@define(frozen=True, kw_only=True)
class Interval:
    """A two-sided confidence interval; both ends are None exactly where `reason` says why there is none.

    `level` is the coverage asked for, such as 0.95. `replicates` counts the resamples behind a bootstrap
    interval, those in which the metric is undefined left out.
    """

    low: float | None = None
    high: float | None = None
    level: float
    reason: str | None = None
    replicates: int | None = None


@define(frozen=True, kw_only=True)
class ObservedRate:
    """A share that was counted, with its exact interval (Clopper and Pearson); of 0 things it is None."""

    count: int = field(validator=ge(0))
    total: int = field(validator=ge(0))
    rate: float | None
    interval: Interval


@define(frozen=True, kw_only=True)
class OperatingPoint:
    """The best that some threshold attains within a limit, chosen with the labels known: an oracle's.

    `limit` is the largest false-positive rate, the least true-positive rate or the largest miss rate,
    whatever the metric asks for. `value` is None where the metric is undefined, as `reason` says.
    """

    limit: float
    value: float | None = None
    threshold: float | None = None
    reason: str | None = None


@define(frozen=True, kw_only=True)
class MetricValue:
    """A metric's value.

    `value` is None exactly where the metric is undefined, and `reason` then says why: `no_positives`,
    `no_negatives`, and of pixels `no_positive_pixels`, `no_negative_pixels`. `flags` qualify a defined value
    (`constant_scores`: all scores are equal). `threshold` is the largest score at which a metric such as
    F1-max is attained. `error_bound` is how far the value can be from the exact one, where it is not exact.
    """

    value: float | None = None
    reason: str | None = None
    threshold: float | None = None
    flags: tuple[str, ...] = ()
    error_bound: float | None = field(default=None, metadata={"omit_default": True})


@define(frozen=True, kw_only=True)
class PixelMetrics:
    """Pixel metrics over all pixels of all images, normal ones included, at the masks' resolution.

    `aupro` is the area under the per-region overlap curve up to a false-positive rate of `aupro_limit`,
    divided by it. `n_regions` counts the 8-connected regions of the masks. `au_spro` is the same with each
    region found whole once a share `saturation` of its pixels is, and `aupimo` is of each anomalous image;
    both only where they were asked for.
    """

    pixel_auroc: MetricValue
    pixel_average_precision: MetricValue
    pixel_f1_max: MetricValue
    aupro: MetricValue
    aupro_limit: float
    n_images: int
    n_regions: int
    n_positive_pixels: int
    n_negative_pixels: int
    au_spro: MetricValue | None = None
    saturation: float | None = None
    aupimo: PerImageOverlap | None = None


@define(frozen=True, kw_only=True)
class Confusion:
    """Counts of a decision at a threshold, anomalous being the positive class; a ratio of 0/0 is None."""

    tp: int = field(validator=ge(0))
    fp: int = field(validator=ge(0))
    tn: int = field(validator=ge(0))
    fn: int = field(validator=ge(0))

    @property
    def precision(self) -> float | None:
        """Share of the flagged that are anomalous."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """Share of the anomalous that are flagged."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float | None:
        """Share of the normal that are not flagged."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def accuracy(self) -> float | None:
        """Share of all that are decided rightly."""
        return _ratio(self.tp + self.tn, self.tp + self.fp + self.tn + self.fn)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@define(frozen=True, kw_only=True)
class PixelDecisions:
    """Pixel metrics at one threshold over all pixels of all images, at the masks' resolution.

    `pro` is the flagged share of a region, averaged over all 8-connected regions; `iou` and `f1` are those of
    all pixels pooled. They are undefined (`no_positive_pixels`) where no mask has a defect.
    """

    threshold: float
    confusion: Confusion
    pro: MetricValue
    iou: MetricValue
    f1: MetricValue


@define(frozen=True, kw_only=True)
class PerImageOverlap:
    """AUPIMO of each anomalous image by its name, and their mean.

    `limits` are the mean false-positive rates of normal images that the area begins and ends at. Without any
    anomalous or any normal image the mean is undefined: `no_positive_pixels`, `no_normal_images`.
    """

    mean: MetricValue
    limits: tuple[float, float]
    images: dict[str, float] = field(factory=dict)
